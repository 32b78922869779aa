import type { Digest } from "../base/index.ts";
import type { ContentStore } from "../content/index.ts";
import type { Image, ImageService } from "../image/index.ts";
import {
  type Descriptor,
  formatReference,
  parseIndex,
  parseReference,
  withDefaultTag,
} from "../oci/index.ts";
import type { RegistryServers } from "../registry-server/index.ts";
import type { EngineEnd } from "../transfer/index.ts";

/** This engine as an end of transfers: what arrives is taken as if it had been pushed to one of its registries. */
export function engineEnd(needs: {
  readonly images: ImageService;
  readonly content: ContentStore;
  readonly registryServers: RegistryServers;
}): EngineEnd {
  const { images, content, registryServers } = needs;
  return {
    images,
    content,
    async indexOf(image, reference) {
      const name = fullNameOf(image, reference);
      const digest = name === undefined ? undefined : registryServers.findIndex(name, image.id);
      return digest === undefined ? undefined : await describe(content, digest);
    },
    take: (fullName, { bytes, descriptor }, signal) =>
      registryServers.take(fullName, { bytes, mediaType: descriptor.mediaType }, signal),
  };
}

/** The name of the image that was meant; undefined when it was asked for by ID or digest. */
function fullNameOf(image: Image, reference: string): string | undefined {
  return image.references.find((name) => {
    try {
      return formatReference(withDefaultTag(parseReference(reference))) === name;
    } catch {
      return false;
    }
  });
}

/** An index; a second manifest of the same image is left out, since the first one will do. */
async function describe(content: ContentStore, digest: Digest): Promise<Descriptor | undefined> {
  const bytes = await content.read(digest);
  try {
    return { mediaType: parseIndex(bytes).mediaType, digest, size: bytes.length };
  } catch {
    return undefined;
  }
}
