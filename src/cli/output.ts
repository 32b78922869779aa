/** One of the two places where a command writes. */
export interface Output {
  /** Queues text or bytes in order; settles when the reader has kept up. Rejects when nobody reads any more. */
  write(data: string | Uint8Array): Promise<void>;
  /** Settles when all that was queued has left the process. */
  flush(): Promise<void>;
  /** Whether a terminal reads it, and how large that is. */
  terminal(): Promise<TerminalInfo | undefined>;
}

export interface TerminalInfo {
  readonly columns: number;
  readonly rows: number;
}

/** The process's own output; file 1 is stdout, 2 is stderr. */
export function processOutput(file: 1 | 2): Output {
  // Not process.stdout: that costs milliseconds at every start.
  const sink = (file === 1 ? Bun.stdout : Bun.stderr).writer();
  let last: Promise<void> = Promise.resolve();
  return {
    write: (data) => {
      const written = sink.write(data);
      last = Promise.all([written, sink.flush()]).then(() => undefined);
      // Whoever does not wait for a line learns of a reader that left when the command ends.
      last.catch(() => undefined);
      return last;
    },
    flush: async () => {
      await last;
    },
    terminal: async () => {
      const stream = file === 1 ? process.stdout : process.stderr;
      return stream.isTTY ? { columns: stream.columns || 80, rows: stream.rows || 24 } : undefined;
    },
  };
}

/** Output kept in memory, for tests and for commands that other commands run. */
export function memoryOutput(): Output & { text(): string } {
  const chunks: Uint8Array[] = [];
  return {
    write: async (data) => {
      chunks.push(typeof data === "string" ? Buffer.from(data) : Uint8Array.from(data));
    },
    flush: async () => undefined,
    terminal: async () => undefined,
    text: () => Buffer.concat(chunks).toString("utf8"),
  };
}
