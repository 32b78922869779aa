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
  /** What every line is to be marked with, in front of it; Docker's `details`. */
  readonly details?: Readonly<Record<string, string>>;
  /** Output of a tty: raw bytes in the file and towards the client. */
  readonly tty: boolean;
}

/** Live output, and where in the log it begins. */
export interface LiveOutput {
  readonly position: LogPosition;
  readonly output: AsyncIterable<Uint8Array>;
}

/**
 * Opens the live continuation of a log at a position, or at a later one where that is not plain any more.
 * Undefined: nothing will follow.
 */
export type FollowFrom = (position: LogPosition) => Promise<LiveOutput | undefined>;
