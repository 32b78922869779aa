import { formatBytes } from "../../base/index.ts";
import type { ProgressMessage } from "../../wire/index.ts";
import type { Output } from "../output.ts";

const barWidth = 50;

/**
 * Shows a progress stream: on a terminal each object keeps its line, which is written over as it moves; elsewhere each
 * change of state is a line of its own, and moving bars are left out.
 */
export async function showProgress(messages: AsyncIterable<ProgressMessage>, out: Output): Promise<void> {
  const terminal = await out.terminal();
  const lines = new Map<string, number>();
  for await (const message of messages) {
    if (message.stream !== undefined) await out.write(message.stream);
    else if (message.status === undefined) continue;
    else if (!terminal) await showPlain(message, out);
    else await showLine(message, { out, lines, columns: terminal.columns });
  }
}

async function showPlain({ id, status, progressDetail }: ProgressMessage, out: Output): Promise<void> {
  if (progressDetail?.current !== undefined) return;
  await out.write(`${id ? `${id}: ` : ""}${status}\n`);
}

interface Screen {
  readonly out: Output;
  readonly lines: Map<string, number>;
  readonly columns: number;
}

async function showLine(message: ProgressMessage, { out, lines, columns }: Screen): Promise<void> {
  const { id, status } = message;
  if (!id) {
    await out.write(`${status}\n`);
    lines.clear();
    return;
  }
  const known = lines.get(id);
  if (known === undefined) lines.set(id, lines.size);
  const up = known === undefined ? 0 : lines.size - known;
  const text = `${id}: ${status} ${bar(message)}`.trimEnd().slice(0, columns - 1);
  // Up to the object's line, over it, and back below the last one.
  await out.write(up === 0 ? `${text}\n` : `\u001b[${up}A\r\u001b[2K${text}\u001b[${up}B\r`);
}

function bar({ progress, progressDetail }: ProgressMessage): string {
  const { current, total } = progressDetail ?? {};
  if (!current || !total) return progress ?? "";
  const done = Math.min(barWidth, Math.floor((current / total) * barWidth));
  const drawn = `${"=".repeat(done)}>`.padEnd(barWidth + 1).slice(0, barWidth);
  return `[${drawn}] ${formatBytes(current)}/${formatBytes(total)}`;
}
