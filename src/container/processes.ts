import { readdir, readFile } from "node:fs/promises";

/** One process of the host, as far as `top` shows it. */
export interface ProcessInfo {
  readonly pid: number;
  readonly ppid: number;
  readonly uid: number;
  readonly command: string;
  readonly name: string;
  readonly tty: string;
  readonly state: string;
  /** Share of one processor since its start, 0–100. */
  readonly cpuPercent: number;
  /** Milliseconds of processor time. */
  readonly cpuTime: number;
  readonly startedAt: number;
  readonly residentBytes: number;
  readonly virtualBytes: number;
}

const ticksPerSecond = 100;
const pageSize = 4096;

/** All processes that run in the cgroup of `pid` or below it. */
export async function processesOf(pid: number): Promise<ProcessInfo[]> {
  const home = await cgroupOf(pid);
  if (home === undefined) return [];
  const bootedAt = Date.now() - Number((await readFile("/proc/uptime", "utf8")).split(" ")[0]) * 1000;
  const found = (await readdir("/proc"))
    .filter((name) => /^\d+$/.test(name))
    .map(async (name) => {
      const cgroup = await cgroupOf(Number(name));
      const inside = cgroup === home || cgroup?.startsWith(`${home}/`);
      return inside ? await readProcess(Number(name), bootedAt) : undefined;
    });
  return (await Promise.all(found)).filter((info) => info !== undefined).sort((a, b) => a.pid - b.pid);
}

/** The path that tells containers apart: the longest one over all hierarchies. */
async function cgroupOf(pid: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/cgroup`, "utf8").catch(() => "");
  const paths = text
    .split("\n")
    .filter((line) => /^\d+:(pids)?:/.test(line))
    .map((line) => line.split(":").slice(2).join(":"));
  return paths.sort((a, b) => b.length - a.length)[0];
}

async function readProcess(pid: number, bootedAt: number): Promise<ProcessInfo | undefined> {
  try {
    const [stat, status, line] = await Promise.all([
      readFile(`/proc/${pid}/stat`, "utf8"),
      readFile(`/proc/${pid}/status`, "utf8"),
      readFile(`/proc/${pid}/cmdline`, "utf8"),
    ]);
    return parseProcess(pid, { stat, status, line }, bootedAt);
  } catch {
    // It ended while we were reading.
    return undefined;
  }
}

function parseProcess(
  pid: number,
  texts: { stat: string; status: string; line: string },
  bootedAt: number,
): ProcessInfo {
  const open = texts.stat.indexOf("(");
  const close = texts.stat.lastIndexOf(")");
  const name = texts.stat.slice(open + 1, close);
  // proc(5): the fields after the name, beginning with the state.
  const fields = texts.stat.slice(close + 2).split(" ");
  const cpuTime = ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond;
  const startedAt = bootedAt + (Number(fields[19]) * 1000) / ticksPerSecond;
  const command = texts.line.replace(/\0+$/, "").replaceAll("\0", " ");
  return {
    pid,
    ppid: Number(fields[1]),
    uid: Number(/^Uid:\s+(\d+)/m.exec(texts.status)?.[1] ?? 0),
    command: command === "" ? `[${name}]` : command,
    name,
    tty: terminalName(Number(fields[4])),
    state: fields[0] ?? "?",
    cpuPercent: (cpuTime / Math.max(1, Date.now() - startedAt)) * 100,
    cpuTime,
    startedAt,
    residentBytes: Number(fields[21]) * pageSize,
    virtualBytes: Number(fields[20]),
  };
}

function terminalName(device: number): string {
  if (device === 0) return "?";
  const major = (device >> 8) & 0xfff;
  const minor = (device & 0xff) | ((device >> 12) & 0xfff00);
  return major >= 136 && major <= 143 ? `pts/${minor + (major - 136) * 256}` : "?";
}
