import { readFile } from "node:fs/promises";
import { totalmem } from "node:os";
import type { Collaborators } from "./collaborators.ts";
import { announceContainer } from "./facts.ts";
import { hostProcesses, type ProcessTable } from "./host-ps.ts";
import { runningTask } from "./pause.ts";
import { type ProcessInfo, processesOf } from "./processes.ts";

interface Column {
  readonly title: string;
  readonly of: (process: ProcessInfo, users: ReadonlyMap<number, string>) => string;
}

/**
 * The processes of a running container, in the format that `ps_args` ask for: `-ef`, `aux` and `-o a,b` are read from
 * the kernel, anything else is the host's `ps`. PIDs are the host's, as Docker shows them.
 */
export async function containerTop(
  needs: Pick<Collaborators, "store" | "announce">,
  reference: string,
  psArguments: string,
): Promise<ProcessTable> {
  const { record, task } = runningTask(needs, reference);
  const words = (psArguments || "-ef").split(/\s+/).filter((word) => word !== "");
  const columns = columnsFor(words);
  const [processes, users] = await Promise.all([processesOf(task.pid), hostUsers()]);
  announceContainer(needs.announce, record, "top");
  if (!columns) return await hostProcesses(words, new Set(processes.map(({ pid }) => pid)));
  return {
    Titles: columns.map((column) => column.title),
    Processes: processes.map((process) => columns.map((column) => column.of(process, users))),
  };
}

const column = (title: string, of: Column["of"]): Column => ({ title, of });
const user: Column["of"] = (process, users) => users.get(process.uid) ?? String(process.uid);

const known: Readonly<Record<string, Column>> = {
  uid: column("UID", (p) => String(p.uid)),
  user: column("USER", user),
  pid: column("PID", (p) => String(p.pid)),
  ppid: column("PPID", (p) => String(p.ppid)),
  c: column("C", (p) => String(Math.floor(p.cpuPercent))),
  stime: column("STIME", (p) => startTime(p.startedAt)),
  tty: column("TTY", (p) => p.tty),
  tt: column("TT", (p) => p.tty),
  time: column("TIME", (p) => clock(p.cpuTime)),
  cmd: column("CMD", (p) => p.command),
  args: column("COMMAND", (p) => p.command),
  command: column("COMMAND", (p) => p.command),
  comm: column("COMMAND", (p) => p.name),
  pcpu: column("%CPU", (p) => p.cpuPercent.toFixed(1)),
  "%cpu": column("%CPU", (p) => p.cpuPercent.toFixed(1)),
  pmem: column("%MEM", (p) => ((p.residentBytes * 100) / totalmem()).toFixed(1)),
  "%mem": column("%MEM", (p) => ((p.residentBytes * 100) / totalmem()).toFixed(1)),
  rss: column("RSS", (p) => String(Math.floor(p.residentBytes / 1024))),
  vsz: column("VSZ", (p) => String(Math.floor(p.virtualBytes / 1024))),
  stat: column("STAT", (p) => p.state),
  start: column("START", (p) => startTime(p.startedAt)),
};

const full = ["uid", "pid", "ppid", "c", "stime", "tty", "time", "cmd"];
const bsd = ["user", "pid", "%cpu", "%mem", "vsz", "rss", "tty", "stat", "start", "time", "args"];

/** Undefined for a format that is not known here. */
function columnsFor(words: readonly string[]): Column[] | undefined {
  const [first = "", second = ""] = words;
  const isList = words.length === 2 && /^-?[aAex]*o$/.test(first);
  if (isList) return named(withPID(second.split(",")));
  if (words.length === 1 && /^-[aAe]*f[aAe]*$/.test(first)) {
    return named(full)?.map((one) => (one.title === "UID" ? column("UID", user) : one));
  }
  return words.length === 1 && /^a?u[xw]*$/.test(first) ? named(bsd) : undefined;
}

/** Rows are told apart by it; the host's `ps` has its words for when it is missing. */
function withPID(names: readonly string[]): readonly string[] {
  return names.includes("pid") ? names : [];
}

function named(names: readonly string[]): Column[] | undefined {
  const columns = names.map((name) => known[name.toLowerCase()]).filter((one) => one !== undefined);
  return columns.length > 0 && columns.length === names.length ? columns : undefined;
}

async function hostUsers(): Promise<ReadonlyMap<number, string>> {
  const passwd = await readFile("/etc/passwd", "utf8").catch(() => "");
  return new Map(
    passwd
      .split("\n")
      .map((line) => line.split(":"))
      .map(([name = "", , uid]) => [Number(uid), name] as const),
  );
}

function startTime(at: number): string {
  const date = new Date(at);
  if (Date.now() - at < 24 * 3600_000) return date.toTimeString().slice(0, 5);
  return date.toDateString().slice(4, 10).replace(" ", "");
}

function clock(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  const two = (value: number) => String(value).padStart(2, "0");
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}
