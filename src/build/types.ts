import type { Digest } from "../base/index.ts";
import type { CachedLayer, CacheRoots } from "./cache/index.ts";

export interface BuildRequest {
  /** The context as a tar (plain, gzip, zstd, bzip2 or xz). */
  readonly context: AsyncIterable<Uint8Array>;
  /** Path of the Dockerfile in the context; default `Dockerfile`. */
  readonly dockerfile: string;
  readonly tags: readonly string[];
  /** null: inherit nothing, the ARG's default holds. */
  readonly buildArgs: Readonly<Record<string, string | null>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly target?: string;
  readonly noCache: boolean;
  readonly pull: boolean;
  readonly quiet: boolean;
  readonly networkMode?: string;
  readonly extraHosts: readonly string[];
  readonly shmSize?: number;
  readonly platform?: string;
  /** Brings images that are not here; without it such a build fails. */
  readonly pullImage?: PullImage;
  readonly signal?: AbortSignal;
}

/** Brings an image here from elsewhere; throws `not-found` when it cannot. */
export type PullImage = (
  reference: string,
  options: { readonly platform?: string; readonly signal?: AbortSignal },
) => Promise<void>;

/** What a build says while it runs: text as the classic builder prints it, or the ID of the finished image. */
export type BuildEvent = { readonly stream: string } | { readonly imageID: Digest };

/**
 * Builds an image. Reports as the classic builder prints (`Step 1/4 : FROM x`, ` ---> <id>`, ` ---> Using cache`,
 * command output, the image ID, `Successfully built …`, `Successfully tagged …`). Throws `EngineError`
 * (`invalid` with file, line and column for a bad Dockerfile); then no image or tag has changed.
 */
export interface Builder {
  build(request: BuildRequest, report: (event: BuildEvent) => void): Promise<{ imageID: Digest }>;
  /**
   * Forgets cached steps that no image uses, or all of them with the cache mounts; with `before` (milliseconds since
   * the epoch) only steps that were last of use earlier. Returns what that can free.
   */
  prune(options: { all: boolean; before?: number | undefined }): Promise<{
    caches: readonly string[];
    bytes: number;
  }>;
  /** Layers that cached steps have made; running builds hold on to what they need by themselves. */
  cached(): readonly CachedLayer[];
  forgetCached(keys: readonly string[]): void;
  /** What cached steps and running builds hold on to: no collection may take it. */
  roots(): CacheRoots;
  /** Removes what builds of an engine that was killed left in the snapshotter. Called once at start. */
  recover(): Promise<void>;
}
