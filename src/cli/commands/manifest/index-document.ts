import type { RegistryManifest } from "../../../wire/index.ts";

const dockerIndex = "application/vnd.docker.distribution.manifest.list.v2+json";
const ociIndex = "application/vnd.oci.image.index.v1+json";
const ociManifest = "application/vnd.oci.image.manifest.v1+json";

/** The index of some manifests, in the bytes that Docker's command line makes of them: so its digest is the same. */
export function indexOf(manifests: readonly RegistryManifest[]): { mediaType: string; text: string } {
  const first = manifests[0]?.Descriptor.mediaType;
  const mediaType = first === ociManifest ? ociIndex : dockerIndex;
  const entries = manifests.map(({ Descriptor: { mediaType: type, size, digest, platform } }) => ({
    mediaType: type,
    size,
    digest,
    platform: {
      architecture: platform?.architecture ?? "",
      os: platform?.os ?? "",
      ...(platform?.["os.version"] ? { "os.version": platform["os.version"] } : {}),
      ...(platform?.["os.features"]?.length ? { "os.features": platform["os.features"] } : {}),
      ...(platform?.variant ? { variant: platform.variant } : {}),
    },
  }));
  return {
    mediaType,
    text: JSON.stringify({ schemaVersion: 2, mediaType, manifests: entries }, undefined, 3),
  };
}
