import { digestOf } from "../base/index.ts";
import type { Descriptor } from "../oci/index.ts";
import { RegistryError } from "./error.ts";
import { askedManifest, checkTagOrDigest } from "./names.ts";
import type { Scene } from "./scene.ts";
import type { Cancel } from "./types.ts";

/** Stores a manifest; see `Repository.pushManifest`. */
export async function pushManifest(
  scene: Scene,
  tagOrDigest: string,
  manifest: { readonly mediaType: string; readonly bytes: Uint8Array },
  options: Cancel,
): Promise<Descriptor> {
  const { mediaType, bytes } = manifest;
  const digest = digestOf(bytes);
  const wanted = checkTagOrDigest(tagOrDigest).digest;
  if (wanted !== undefined && wanted !== digest)
    throw mismatch(`it is ${digest}, not ${wanted}`, tagOrDigest);
  scene.claim([]);
  return scene.write(options, async (site) => {
    const answer = await scene.ask(site, {
      method: "PUT",
      path: `manifests/${tagOrDigest}`,
      headers: { "Content-Type": mediaType },
      payload: {
        length: bytes.length,
        async *open() {
          yield bytes;
        },
      },
      asked: askedManifest(scene.name, tagOrDigest),
      ...(options.signal ? { signal: options.signal } : {}),
    });
    await answer.discard();
    const told = answer.response.headers.get("docker-content-digest");
    if (told !== null && told !== digest)
      throw mismatch(`the registry stored ${told}, not ${digest}`, tagOrDigest);
    return { mediaType, digest, size: bytes.length };
  });
}

function mismatch(text: string, subject: string): RegistryError {
  return new RegistryError("invalid", `Cannot push manifest: ${text}`, { subject });
}
