import { Limiter } from "../base/index.ts";
import { type Descriptor, parseManifestOrIndex } from "../oci/index.ts";
import { RegistryError } from "./error.ts";
import { parseRepositoryName } from "./names.ts";
import type { Cancel, Repository } from "./types.ts";

/** Indexes in indexes deeper than this are refused. */
const deepest = 4;
/** Blobs of one manifest that are on their way at a time. */
const parallel = 4;

/**
 * Makes sure that `to` has a manifest of `from` by its digest, with everything below it. Blobs are mounted where both
 * lie in one registry, else they pass through without touching a disk. Throws `invalid` for an index in itself.
 */
export async function copyManifest(
  from: Repository,
  to: Repository,
  digest: string,
  options: Cancel = {},
): Promise<Descriptor> {
  return copyAt({ from, to, mountFrom: mountable(from, to), options }, digest, 0);
}

interface Copy {
  readonly from: Repository;
  readonly to: Repository;
  readonly mountFrom: readonly string[];
  readonly options: Cancel;
}

async function copyAt(copy: Copy, digest: string, depth: number): Promise<Descriptor> {
  if (depth >= deepest) {
    throw new RegistryError("invalid", `Cannot copy ${digest}: indexes lie ${deepest} deep in each other`, {
      subject: digest,
    });
  }
  const { descriptor, bytes } = await copy.from.manifest(digest, copy.options);
  const document = parseManifestOrIndex(bytes, digest);
  if (document.kind === "index") {
    for (const child of document.index.manifests) await copyAt(copy, child.digest, depth + 1);
  } else {
    const { config, layers } = document.manifest;
    const limiter = new Limiter(parallel);
    const blobs = [config, ...layers.filter(isDistributable)];
    await Promise.all(blobs.map((blob) => limiter.run(() => copyBlob(copy, blob))));
  }
  await copy.to.pushManifest(descriptor.digest, { mediaType: descriptor.mediaType, bytes }, copy.options);
  return descriptor;
}

async function copyBlob({ from, to, mountFrom, options }: Copy, blob: Descriptor): Promise<void> {
  await to.pushBlob(blob, (offset) => from.blob(blob, { ...options, offset }), { ...options, mountFrom });
}

/** Layers that may not be passed on lie where their URLs say, in no registry. */
function isDistributable({ mediaType }: Descriptor): boolean {
  return !/nondistributable|rootfs\.foreign/.test(mediaType);
}

function mountable(from: Repository, to: Repository): string[] {
  const [source, target] = [parseRepositoryName(from.name), parseRepositoryName(to.name)];
  return source.domain === target.domain && source.path !== target.path ? [source.path] : [];
}
