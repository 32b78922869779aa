import type { Descriptor } from "../oci/index.ts";
import { parseReference } from "../oci/index.ts";
import type { Collaborators } from "./collaborators.ts";
import type { Image } from "./types.ts";

/** Tells other tools, in the content's `index.json`, which images the store holds. */
export async function writeIndex(needs: Pick<Collaborators, "content" | "records">): Promise<void> {
  const { content, records } = needs;
  await content.setIndex(
    records.list().flatMap((image) => indexEntries(image, image.references, records.manifestSize(image.id))),
  );
}

/** One descriptor a name, or one without name. */
export function indexEntries(image: Image, names: readonly string[], size: number): readonly Descriptor[] {
  const { mediaType } = image.manifest;
  const { os, architecture, variant } = image.config;
  const bare: Descriptor = {
    mediaType,
    digest: image.manifestDigest,
    size,
    platform: { os, architecture, ...(variant === undefined ? {} : { variant }) },
  };
  if (names.length === 0) return [bare];
  return names.map((name) => ({
    ...bare,
    annotations: {
      "io.containerd.image.name": name,
      "org.opencontainers.image.ref.name": parseReference(name).tag ?? "latest",
    },
  }));
}
