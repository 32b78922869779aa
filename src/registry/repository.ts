import { fetchBlob } from "./blob.ts";
import { fetchManifest, resolveManifest } from "./manifest.ts";
import { blobExists, pushBlob } from "./push-blob.ts";
import { pushManifest } from "./push-manifest.ts";
import type { Scene } from "./scene.ts";
import { listTags } from "./tags.ts";
import type { Repository } from "./types.ts";

/** The operations on one repository. */
export function createRepository(scene: Scene): Repository {
  return {
    name: scene.name.full,
    resolve: (tagOrDigest, options = {}) => resolveManifest(scene, tagOrDigest, options),
    manifest: (tagOrDigest, options = {}) => fetchManifest(scene, tagOrDigest, options),
    blob: (descriptor, options = {}) => fetchBlob(scene, descriptor, options),
    exists: (digest, options = {}) => blobExists(scene, digest, options),
    pushBlob: (descriptor, open, options = {}) => pushBlob(scene, descriptor, open, options),
    pushManifest: (tagOrDigest, manifest, options = {}) =>
      pushManifest(scene, tagOrDigest, manifest, options),
    tags: (options = {}) => listTags(scene, options),
  };
}
