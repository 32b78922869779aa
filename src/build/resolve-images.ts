import { EngineError, isKind } from "../base/index.ts";
import type { Image, ImageService } from "../image/index.ts";
import { familiarName, formatPlatform, matchPlatform, type Platform, parsePlatform } from "../oci/index.ts";
import { needed, type Outline } from "./dockerfile/index.ts";

/** Brings an image here from elsewhere; throws `not-found` when it cannot. */
export type PullImage = (reference: string, options: { signal?: AbortSignal }) => Promise<void>;

export interface ResolveNeeds {
  readonly images: Pick<ImageService, "get" | "find">;
  readonly pullImage?: PullImage | undefined;
}

/**
 * The images that a target stands on, those of triggers included, by the references that the Dockerfile uses.
 * Throws `not-found` for one that is not here and cannot be had.
 */
export async function resolveImages(
  needs: ResolveNeeds,
  outline: Outline,
  options: { pull: boolean; platform: Platform | undefined; signal?: AbortSignal | undefined },
): Promise<ReadonlyMap<string, Image>> {
  const images = new Map<string, Image>();
  for (;;) {
    const missing = needed(outline, images).images.filter((reference) => !images.has(reference));
    if (missing.length === 0) {
      checkPlatforms(outline, images, options.platform);
      return images;
    }
    for (const reference of missing) images.set(reference, await resolveOne(needs, reference, options));
  }
}

async function resolveOne(
  needs: ResolveNeeds,
  reference: string,
  { pull, signal }: { pull: boolean; signal?: AbortSignal | undefined },
): Promise<Image> {
  const local = needs.images.find(reference);
  if (needs.pullImage && (pull || !local)) await needs.pullImage(reference, signal ? { signal } : {});
  return getImage(needs.images, reference);
}

function getImage(images: Pick<ImageService, "get">, reference: string): Image {
  try {
    return images.get(reference);
  } catch (error) {
    if (!isKind(error, "not-found")) throw error;
    const message = `${error.message}\nThe image is not on this machine: load, import or build it first`;
    throw new EngineError("not-found", message, { subject: reference, cause: error });
  }
}

/** A stage wants what its `--platform` says, else what was asked of the build, else whatever is here. */
function checkPlatforms(
  outline: Outline,
  images: ReadonlyMap<string, Image>,
  platform: Platform | undefined,
): void {
  for (const index of needed(outline, images).stages) {
    const stage = outline.stages[index];
    const image = stage?.base.kind === "image" ? images.get(stage.base.reference) : undefined;
    const wanted = stage?.platform ? parsePlatform(stage.platform) : platform;
    if (stage?.base.kind === "image" && image && wanted) checkPlatform(stage.base.reference, image, wanted);
  }
}

function checkPlatform(reference: string, image: Image, wanted: Platform): void {
  const { os, architecture, variant } = image.config;
  const actual: Platform = variant === undefined ? { os, architecture } : { os, architecture, variant };
  if (matchPlatform(wanted, actual)) return;
  throw new EngineError(
    "not-found",
    `image with reference ${familiarName(reference)} was found but does not match the specified platform: ` +
      `wanted ${formatPlatform(wanted)}, actual: ${formatPlatform(actual)}`,
    { subject: reference },
  );
}
