import type { RawStream, TerminalSize } from "../../client/index.ts";
import type { Cli } from "../cli.ts";
import { relay } from "./relay.ts";

export interface SessionOptions {
  readonly tty: boolean;
  readonly stdin: boolean;
  readonly output: boolean;
  readonly detachKeys: string;
  /** Called with the terminal's size, once at the start and on each change. */
  readonly resize: (size: TerminalSize) => Promise<void>;
  /** Settles when the process runs and can be resized. */
  readonly started: Promise<unknown>;
}

/** Connects this process's streams to a container's or an exec's until one side ends. The terminal is restored. */
export async function session(
  cli: Cli,
  stream: RawStream,
  options: SessionOptions,
): Promise<"ended" | "detached"> {
  const streams = { out: cli.out, err: cli.err, output: options.output };
  if (!options.tty)
    return await relay(stream, { ...streams, input: options.stdin ? cli.stdin() : undefined });
  // A terminal costs milliseconds to load; most runs have none.
  const terminal = await import("../terminal/index.ts");
  const keys = terminal.parseDetachKeys(options.detachKeys || terminal.defaultDetachKeys);
  using _raw = options.stdin && terminal.inputIsTerminal() ? await terminal.rawMode() : undefined;
  const resizing = options.started
    .then(() => terminal.followResize(cli.out, options.resize))
    .catch(() => undefined);
  try {
    return await relay(stream, {
      ...streams,
      input: options.stdin ? terminal.typedBytes() : undefined,
      watch: new terminal.DetachWatch(keys),
    });
  } finally {
    (await resizing)?.[Symbol.dispose]();
  }
}
