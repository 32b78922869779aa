import type { FlagValues } from "../flags/index.ts";

/** Which of the container's streams the command line takes. */
export interface Streams {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
}

/** Throws when the text names no stream. */
export function checkStream(text: string): void {
  if (!["stdin", "stdout", "stderr"].includes(text.toLowerCase())) {
    throw new Error("valid streams are STDIN, STDOUT and STDERR");
  }
}

/** The streams that `-a`, `-i` and their absence ask for. */
export function parseStreams(flags: FlagValues): Streams {
  const named = new Set(flags.list("attach").map((text) => text.toLowerCase()));
  const all = named.size === 0;
  return {
    stdin: named.has("stdin") || flags.bool("interactive"),
    stdout: all || named.has("stdout"),
    stderr: all || named.has("stderr"),
  };
}
