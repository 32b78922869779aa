import type { Client, LogOptions } from "../client/index.ts";
import { streamNumber } from "../wire/index.ts";

/** Whole lines out of pieces of text: a line that is not ended comes with `flush`. */
export class LineCutter {
  readonly #decoder = new TextDecoder();
  #rest = "";

  /** The lines that `bytes` complete. */
  push(bytes: Uint8Array): string[] {
    const lines = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split("\n");
    this.#rest = lines.pop() ?? "";
    return lines.map(withoutReturn);
  }

  /** The last line, when it was not ended. */
  flush(): string[] {
    const rest = this.#rest + this.#decoder.decode();
    this.#rest = "";
    return rest === "" ? [] : [withoutReturn(rest)];
  }
}

function withoutReturn(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}

export interface LogLine {
  readonly stream: "stdout" | "stderr";
  readonly text: string;
}

/** A container's output line by line; ends as the engine's stream does. */
export async function* logLines(
  client: { readonly containers: Pick<Client["containers"], "logs"> },
  id: string,
  options: LogOptions,
): AsyncGenerator<LogLine, void> {
  const cutters = { stdout: new LineCutter(), stderr: new LineCutter() };
  for await (const { stream: number, payload } of client.containers.logs(id, options)) {
    const stream = number === streamNumber.stderr ? "stderr" : "stdout";
    for (const text of cutters[stream].push(payload)) yield { stream, text };
  }
  for (const stream of ["stdout", "stderr"] as const) {
    for (const text of cutters[stream].flush()) yield { stream, text };
  }
}
