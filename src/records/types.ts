/** A durable map from key to JSON value. Writes inside `Records.transaction` succeed or fail together. */
export interface Collection<T> {
  /** The value, or undefined. */
  find(key: string): T | undefined;
  /** The value; throws `not-found` when absent. */
  get(key: string): T;
  put(key: string, value: T): void;
  remove(key: string): void;
  /** All values, in order of their keys. */
  list(): T[];
  entries(): [key: string, value: T][];
}

/**
 * Typed records over one SQLite file (WAL, synchronous NORMAL: a commit survives a killed process; a power cut
 * may lose the last ones but never breaks the file). All calls are synchronous and short.
 */
export interface Records extends Disposable {
  /** The collection of this name; made when absent. Names are `[a-z][a-z-]*`. */
  collection<T>(name: string): Collection<T>;
  /** Runs `work` in one transaction; a throw rolls everything back. `work` must not await. */
  transaction<T>(work: () => T): T;
}

/** Rewrites records of an older version. Runs once for each file, inside a transaction, and must not await. */
export type Migration = (records: Records) => void;
