import { EngineError, isKind } from "../base/index.ts";
import type { Image, ImageService } from "../image/index.ts";
import { familiarName, formatPlatform, matchPlatform, type Platform, parsePlatform } from "../oci/index.ts";
import { needed, type Outline } from "./dockerfile/index.ts";
import type { PullImage } from "./types.ts";

export interface ResolveNeeds {
  readonly images: Pick<ImageService, "get" | "find">;
  readonly pullImage?: PullImage | undefined;
}

export interface ResolveOptions {
  readonly pull: boolean;
  readonly platform: Platform | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The images that a target stands on, those of triggers included, by the references that the Dockerfile uses.
 * Throws `not-found` for one that is not here and cannot be had.
 */
export async function resolveImages(
  needs: ResolveNeeds,
  outline: Outline,
  options: ResolveOptions,
): Promise<ReadonlyMap<string, Image>> {
  const images = new Map<string, Image>();
  for (;;) {
    const missing = needed(outline, images).images.filter((reference) => !images.has(reference));
    if (missing.length === 0) {
      checkPlatforms(outline, images, options.platform);
      return images;
    }
    for (const reference of missing) {
      const wanted = platformOf(outline, reference);
      images.set(reference, await resolveOne(needs, reference, options, wanted));
    }
  }
}

async function resolveOne(
  needs: ResolveNeeds,
  reference: string,
  options: ResolveOptions,
  wanted: string | undefined,
): Promise<Image> {
  const { pull, signal, platform } = options;
  const local = needs.images.find(reference);
  if (needs.pullImage && (pull || !local)) {
    const asked = wanted ?? (platform ? formatPlatform(platform) : undefined);
    await needs.pullImage(reference, {
      ...(signal ? { signal } : {}),
      ...(asked === undefined ? {} : { platform: asked }),
    });
  }
  return getImage(needs.images, reference);
}

/** What the first stage on this image says of its platform. */
function platformOf(outline: Outline, reference: string): string | undefined {
  const stage = outline.stages.find(({ base }) => base.kind === "image" && base.reference === reference);
  return stage?.platform;
}

function getImage(images: Pick<ImageService, "get">, reference: string): Image {
  try {
    return images.get(reference);
  } catch (error) {
    if (!isKind(error, "not-found")) throw error;
    const message = `${error.message}\nThe image is not on this machine: pull, load, import or build it first`;
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
