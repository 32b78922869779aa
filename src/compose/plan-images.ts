import { EngineError } from "../base/index.ts";
import { createDraft, type Plan } from "./graph.ts";
import type { Project, Service } from "./model/index.ts";
import { imageName } from "./names.ts";
import type { ObservedImage } from "./observe.ts";

export interface ImageOptions {
  readonly services: readonly Service[];
  /** `always`: build every service that can be; `never`: take what is there. */
  readonly build: "missing" | "always" | "never";
  /** Stands over the `pull_policy` of every service. */
  readonly pull?: string | undefined;
}

/**
 * Plans the images that services need: built where the file says how, else fetched when missing. Throws `not-found`
 * when an image is missing and may be neither built nor fetched.
 */
export function planImages(
  project: Project,
  images: ReadonlyMap<string, ObservedImage>,
  options: ImageOptions,
): Plan {
  const draft = createDraft();
  const seen = new Set<string>();
  for (const given of options.services) {
    const service = options.pull === undefined ? given : { ...given, pullPolicy: options.pull };
    const image = imageName(project, service);
    const cause = buildCause(service, images.has(image), options.build);
    if (cause !== undefined) {
      draft.add({
        resource: `image:${image}`,
        operation: { kind: "BuildImage", project, service, image },
        cause,
        show: { subject: `Image ${image}`, working: "Building", done: "Built" },
      });
      seen.add(image);
      continue;
    }
    if (seen.has(image)) continue;
    seen.add(image);
    const wanted = fetchCause(service, image, images.has(image));
    if (wanted === undefined) continue;
    draft.add({
      resource: `image:${image}`,
      operation: {
        kind: "PullImage",
        image,
        service: service.name,
        ...(service.platform === undefined ? {} : { platform: service.platform }),
      },
      cause: wanted,
      show: { subject: `Image ${image}`, working: "Pulling", done: "Pulled" },
    });
  }
  return draft.finish();
}

function buildCause(service: Service, there: boolean, build: ImageOptions["build"]): string | undefined {
  if (service.build === undefined || build === "never") return undefined;
  if (build === "always") return "asked for";
  if (service.pullPolicy === "build") return "pull_policy is build";
  return there ? undefined : "no existing image";
}

function fetchCause(service: Service, image: string, there: boolean): string | undefined {
  const policy = service.pullPolicy ?? "missing";
  if (service.build !== undefined && policy !== "always") {
    if (there) return undefined;
    throw absent(service, image, "and it is not to be built");
  }
  if (policy === "always") return "pull_policy is always";
  if (there) return undefined;
  if (policy === "never") throw absent(service, image, "and pull_policy is never");
  return "no existing image";
}

function absent(service: Service, image: string, why: string): EngineError {
  return new EngineError("not-found", `service "${service.name}": no such image: ${image}, ${why}`, {
    subject: image,
  });
}
