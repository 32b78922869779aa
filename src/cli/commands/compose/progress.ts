import type { Report, StepEvent } from "../../../compose/index.ts";
import type { Output, TerminalInfo } from "../../output.ts";

/** Shows steps while they run. Disposing leaves the final state on the screen. */
export interface Progress extends AsyncDisposable {
  readonly report: Report;
}

export interface ProgressOptions {
  readonly mode: "auto" | "tty" | "plain" | "quiet";
  /** `Running`, `Building`: stands above the lines on a terminal. */
  readonly title?: string;
  /** Lines of builds are not shown. */
  readonly quietOutput?: boolean;
  /** Put before each line, as `--dry-run` does. */
  readonly prefix?: string;
}

/** Opens a display on `output`: lines that change in place on a terminal, plain lines elsewhere. */
export async function openProgress(output: Output, options: ProgressOptions): Promise<Progress> {
  if (options.mode === "quiet")
    return { report: () => undefined, [Symbol.asyncDispose]: async () => undefined };
  const terminal = options.mode === "plain" ? undefined : await output.terminal();
  if (terminal === undefined && options.mode !== "tty") return plainProgress(output, options);
  return terminalProgress(output, terminal ?? { columns: 80, rows: 24 }, options);
}

function plainProgress(output: Output, { prefix = "", quietOutput = false }: ProgressOptions): Progress {
  return {
    report: (event) => {
      const line = plainLine(event, quietOutput);
      if (line !== undefined) output.write(`${prefix}${line}\n`).catch(ignore);
    },
    [Symbol.asyncDispose]: () => output.flush(),
  };
}

function plainLine(event: StepEvent, quietOutput: boolean): string | undefined {
  switch (event.kind) {
    case "output":
      return quietOutput ? undefined : `${event.source} | ${event.text}`;
    case "failed":
      return ` ${event.subject}  ${event.status} ${firstLine(event.message)}`;
    default:
      return ` ${event.subject}  ${event.status}`;
  }
}

interface Row {
  readonly subject: string;
  status: string;
  readonly begun: number;
  ended: number | undefined;
  failed: boolean;
}

const spinner = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

function terminalProgress(output: Output, terminal: TerminalInfo, options: ProgressOptions): Progress {
  const rows = new Map<string, Row>();
  let shown = 0;
  let turn = 0;
  const write = (text: string): void => void output.write(text).catch(ignore);
  const clear = (): string => (shown === 0 ? "" : `\x1b[${shown}A\r\x1b[J`);
  const draw = (above = ""): void => {
    const lines = rows.size === 0 ? [] : screen([...rows.values()], { ...options, terminal, turn });
    write(`${clear()}${above}${lines.map((line) => `${line}\n`).join("")}`);
    shown = lines.length;
  };
  const timer = setInterval(() => {
    turn += 1;
    if ([...rows.values()].some(({ ended }) => ended === undefined)) draw();
  }, 100);
  timer.unref();
  return {
    report: (event) => {
      if (event.kind === "output") {
        if (!options.quietOutput) draw(`${event.source} | ${event.text}\n`);
        return;
      }
      update(rows, event);
      draw();
    },
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer);
      await output.flush();
    },
  };
}

function update(rows: Map<string, Row>, event: Exclude<StepEvent, { kind: "output" }>): void {
  const now = Date.now();
  const row = rows.get(event.subject) ?? {
    subject: event.subject,
    status: "",
    begun: now,
    ended: undefined,
    failed: false,
  };
  row.status = event.status;
  row.ended = event.kind === "working" ? undefined : now;
  row.failed = event.kind === "failed";
  rows.set(event.subject, row);
}

interface Screen extends ProgressOptions {
  readonly terminal: TerminalInfo;
  readonly turn: number;
}

function screen(rows: readonly Row[], { title = "Running", prefix = "", terminal, turn }: Screen): string[] {
  const ended = rows.filter(({ ended: at }) => at !== undefined).length;
  // What is finished gives way when there are more steps than lines.
  const room = Math.max(1, terminal.rows - 2);
  const visible = rows.length <= room ? rows : lastUnfinished(rows, room);
  const subjects = Math.max(...visible.map(({ subject }) => subject.length));
  const states = Math.max(...visible.map(({ status }) => status.length));
  const lines = visible.map((row) => line(row, { subjects, states, turn }));
  return [`${prefix}[+] ${title} ${ended}/${rows.length}`, ...lines.map((one) => `${prefix}${one}`)];
}

function lastUnfinished(rows: readonly Row[], room: number): Row[] {
  const sorted = [...rows].sort((a, b) => Number(a.ended === undefined) - Number(b.ended === undefined));
  return sorted.slice(-room);
}

function line(row: Row, layout: { subjects: number; states: number; turn: number }): string {
  const seconds = (((row.ended ?? Date.now()) - row.begun) / 1000).toFixed(1);
  const subject = row.subject.padEnd(layout.subjects);
  const status = row.status.padEnd(layout.states);
  const time = `\x1b[34m${seconds}s\x1b[0m`;
  if (row.failed) return ` \x1b[31m✘\x1b[0m ${subject}  \x1b[31m${status}\x1b[0m  ${time}`;
  if (row.ended !== undefined) return ` \x1b[32m✔\x1b[0m ${subject}  \x1b[32m${status}\x1b[0m  ${time}`;
  return ` ${spinner[layout.turn % spinner.length]} ${subject}  ${status}  ${time}`;
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}

/** A reader that left shows when the command ends. */
function ignore(): void {}
