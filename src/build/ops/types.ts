import type { StoredLayer } from "../../image/index.ts";
import type { ChainID } from "../../snapshot/index.ts";
import type { MadeLayer } from "../cache/index.ts";
import type { KnownContents, SourceTree } from "../tree/index.ts";

/** A finished tree: its stack, and the layers from the bottom up. */
export interface Tree {
  readonly chainID: ChainID | undefined;
  readonly layers: readonly StoredLayer[];
}

export const emptyTree: Tree = { chainID: undefined, layers: [] };

/** One step of work on a tree. */
export interface Op {
  /** A key that costs nothing to compute; an op whose `key` is cheap has none. */
  readonly fastKey?: string;
  /** Identity of the result across builds. */
  key(signal: AbortSignal): Promise<string>;
  /** Does the work; undefined: the tree is as it was. Leaves nothing behind when it throws. */
  run(report: (text: string) => void, signal: AbortSignal): Promise<MadeLayer | undefined>;
}

/** What belongs to one build and every op of it may need. */
export interface BuildSession {
  /** The files of the build context. */
  readonly context: SourceTree;
  /** A directory of this build's own, removed at its end. */
  readonly directory: string;
  readonly known: KnownContents;
  readonly network: string;
  readonly extraHosts: readonly string[];
  readonly shmSize: number | undefined;
  /** Proxy variables: seen by commands, part of no key. */
  readonly hiddenEnv: readonly string[];
}
