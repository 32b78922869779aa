import { type Digest, EngineError } from "../base/index.ts";
import {
  choosePlatform,
  type Descriptor,
  formatPlatform,
  hostPlatform,
  type Manifest,
  mediaTypes,
  type Platform,
  parseManifestOrIndex,
} from "../oci/index.ts";
import type { FetchedManifest, Repository } from "../registry/index.ts";
import { isAttestation } from "./attestation.ts";

/** Indexes may hold indexes, so deep. */
const deepestIndex = 3;

/** An image as a registry has it. */
export interface RemoteImage {
  /** Digest of what the reference names: the manifest, or the index that it was chosen from. */
  readonly digest: Digest;
  readonly manifest: Manifest;
  readonly manifestDescriptor: Descriptor;
  /** All that was read on the way, byte by byte, what the reference names first. */
  readonly documents: readonly FetchedManifest[];
}

/**
 * Finds the image that a tag or digest stands for: of an index, the one for `platform`, else for this machine. Throws
 * `not-found` when there is none, `invalid` for what is no image.
 */
export async function resolveRemote(
  repository: Pick<Repository, "manifest">,
  tagOrDigest: string,
  options: { readonly platform?: Platform | undefined; readonly signal?: AbortSignal | undefined },
): Promise<RemoteImage> {
  const { platform = hostPlatform(), signal } = options;
  const documents: FetchedManifest[] = [];
  let next = tagOrDigest;
  while (documents.length <= deepestIndex) {
    const document = await repository.manifest(next, signal ? { signal } : {});
    documents.push(document);
    const parsed = parseManifestOrIndex(document.bytes, `manifest ${document.descriptor.digest}`);
    if (parsed.kind === "manifest") return describe(documents, parsed.manifest);
    next = choose(parsed.index.manifests, platform).digest;
  }
  throw new EngineError("invalid", `Cannot pull ${tagOrDigest}: its indexes are nested too deeply`, {
    subject: tagOrDigest,
  });
}

function choose(manifests: readonly Descriptor[], platform: Platform): Descriptor {
  const chosen = choosePlatform(
    manifests.filter((one) => !isAttestation(one)),
    platform,
  );
  if (chosen) return chosen;
  const wanted = formatPlatform(platform);
  throw new EngineError("not-found", `no matching manifest for ${wanted} in the manifest list entries`, {
    subject: wanted,
  });
}

function describe(documents: readonly FetchedManifest[], manifest: Manifest): RemoteImage {
  const [first, last] = [documents[0], documents.at(-1)];
  if (!first || !last) throw new Error("unreachable");
  checkIsImage(manifest.config.mediaType);
  const { digest, size } = last.descriptor;
  const mediaType = manifest.mediaType;
  return {
    digest: first.descriptor.digest,
    manifest,
    manifestDescriptor: { mediaType, digest, size },
    documents,
  };
}

const plugin = "application/vnd.docker.plugin.v1+json";
/** Old builders wrote the last ones. */
const imageConfigs: readonly string[] = [
  ...[mediaTypes.ociConfig, mediaTypes.dockerConfig],
  ...["application/octet-stream", "text/html", ""],
];

/** Registries hold other things too: charts, plugins, signatures, caches. */
function checkIsImage(mediaType: string): void {
  if (imageConfigs.includes(mediaType)) return;
  const kind = mediaType === plugin ? "plugin" : "unknown";
  throw new EngineError(
    "invalid",
    `Encountered remote "${mediaType}"(${kind}) when fetching: this is not a container image`,
    { subject: mediaType },
  );
}
