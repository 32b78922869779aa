import { EngineError, messageOf } from "../base/index.ts";

/** A table of processes as `ps` prints it. */
export interface ProcessTable {
  readonly Titles: string[];
  readonly Processes: string[][];
}

const longest = 10_000;

/**
 * What the host's `ps` says about these processes, for the arguments that this engine does not know by itself. Throws
 * `invalid` with what `ps` says against them, `not-implemented` where there is no `ps`.
 */
export async function hostProcesses(
  psArguments: readonly string[],
  pids: ReadonlySet<number>,
): Promise<ProcessTable> {
  const program = Bun.which("ps");
  if (!program) {
    throw new EngineError("not-implemented", `ps arguments need a ps on the host: ${psArguments.join(" ")}`, {
      subject: "ps",
    });
  }
  const child = Bun.spawn([program, ...psArguments], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: longest,
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" },
  });
  const [text, complaint, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]).catch((error: unknown) => {
    throw new EngineError("internal", `error running ps: ${messageOf(error)}`, {
      subject: "ps",
      cause: error,
    });
  });
  if (code !== 0)
    throw new EngineError("invalid", `ps: ${complaint.trim().split("\n")[0]}`, { subject: "ps" });
  return parseTable(text, pids);
}

/** The rows of these processes; the last column takes the rest of its line. Throws `invalid` without a PID column. */
export function parseTable(text: string, pids: ReadonlySet<number>): ProcessTable {
  const [heading = "", ...lines] = text.split("\n");
  const titles = heading.split(/\s+/).filter((title) => title !== "");
  const column = titles.indexOf("PID");
  if (column < 0) throw new EngineError("invalid", "Couldn't find PID field in ps output", { subject: "ps" });
  const rows = lines.map((line) => splitRow(line, titles.length));
  return { Titles: titles, Processes: rows.filter((row) => pids.has(Number(row[column]))) };
}

function splitRow(line: string, columns: number): string[] {
  const words = line.trim().split(/\s+/);
  if (words.length <= columns) return words;
  return [...words.slice(0, columns - 1), words.slice(columns - 1).join(" ")];
}
