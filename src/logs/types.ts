import type { LogPosition } from "../base/index.ts";

export interface LogQuery {
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** Nanoseconds since the epoch. */
  readonly since?: bigint;
  readonly until?: bigint;
  /** Number of last lines; undefined: all. */
  readonly tail?: number;
  readonly timestamps: boolean;
  /** Output of a tty: raw bytes in the file and towards the client. */
  readonly tty: boolean;
}

/** Opens the live continuation of a log at a position; the runtime's attach fits. Undefined: nothing will follow. */
export type FollowFrom = (position: LogPosition) => Promise<AsyncIterable<Uint8Array> | undefined>;
