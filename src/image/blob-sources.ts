import type { Digest } from "../base/index.ts";
import type { Collection, Records } from "../records/index.ts";

/** So many repositories are remembered of a blob. */
const most = 8;

interface SourceRecord {
  /** Full repository names, the latest first. */
  readonly repositories: readonly string[];
}

/**
 * Which repositories have a blob: a registry can then be told to take it from there instead of having it uploaded
 * again. Only hints: a registry that does not agree gets the bytes.
 */
export interface BlobSources {
  /** These blobs are in this repository (`docker.io/library/redis`). */
  note(digests: readonly Digest[], repository: string): void;
  /** Other repositories of the same registry that have it, without the registry's host. */
  of(digest: Digest, repository: string): readonly string[];
  /** Forgets blobs that are not `kept`. */
  prune(kept: (digest: Digest) => boolean): void;
}

export function openBlobSources(records: Records): BlobSources {
  const sources: Collection<SourceRecord> = records.collection("blob-sources");
  return {
    note(digests, repository) {
      records.transaction(() => {
        for (const digest of digests) {
          const known = sources.find(digest)?.repositories ?? [];
          if (known[0] === repository) continue;
          const others = known.filter((one) => one !== repository);
          sources.put(digest, { repositories: [repository, ...others].slice(0, most) });
        }
      });
    },
    of(digest, repository) {
      const host = `${repository.split("/", 1)[0]}/`;
      const known = sources.find(digest)?.repositories ?? [];
      return known.flatMap((one) =>
        one.startsWith(host) && one !== repository ? [one.slice(host.length)] : [],
      );
    },
    prune(kept) {
      for (const [key] of sources.entries()) {
        const digest: string = key;
        if (!kept(digest as Digest)) sources.remove(key);
      }
    },
  };
}
