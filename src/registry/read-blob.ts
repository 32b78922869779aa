import { digestOf, EngineError } from "../base/index.ts";
import type { Descriptor } from "../oci/index.ts";
import { RegistryError } from "./error.ts";
import { manifestLimit } from "./limits.ts";
import type { Cancel, Repository } from "./types.ts";

/** A small blob as a whole (an image's config), checked; throws `invalid` for a large one and for a wrong digest. */
export async function readBlob(
  repository: Pick<Repository, "blob">,
  descriptor: Descriptor,
  options: Cancel = {},
): Promise<Uint8Array> {
  const { digest, size } = descriptor;
  if (size > manifestLimit) {
    throw new EngineError("invalid", `Cannot read blob ${digest}: ${size} bytes are too many for a config`, {
      subject: digest,
    });
  }
  const bytes = Buffer.concat(await Array.fromAsync(repository.blob(descriptor, options)));
  if (digestOf(bytes) === digest) return bytes;
  throw new RegistryError("invalid", `Cannot read blob ${digest}: the registry sends other bytes`, {
    subject: digest,
  });
}
