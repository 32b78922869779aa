import { CString, dlopen, ptr } from "bun:ffi";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * What a container engine can leave behind on a machine, each as a set of lines. Read from the kernel and from
 * libnftables directly, not through the engine's own code, so that it can bear witness against it.
 */
export interface Machine {
  readonly mounts: readonly string[];
  readonly links: readonly string[];
  readonly tables: readonly string[];
  readonly cgroups: readonly string[];
  readonly processes: readonly string[];
  readonly ipForward: string;
}

/** Looks at the whole machine. Kernel threads are left out. */
export function observeMachine(): Machine {
  return {
    mounts: listMounts(),
    links: readdirSync("/sys/class/net").sort(),
    tables: listTables(),
    cgroups: listCgroups(),
    processes: listProcesses(),
    ipForward: readFileSync("/proc/sys/net/ipv4/ip_forward", "utf8").trim(),
  };
}

/** What is there now and was not before, as `kind: thing` lines; empty when the machine is as it was. */
export function leftovers(before: Machine, after: Machine): string[] {
  const added = (kind: string, old: readonly string[], now: readonly string[]): string[] => {
    const known = new Set(old);
    return now.filter((line) => !known.has(line)).map((line) => `${kind}: ${line}`);
  };
  return [
    ...added("mount", before.mounts, after.mounts),
    ...added("link", before.links, after.links),
    ...added("nftables table", before.tables, after.tables),
    ...added("cgroup", before.cgroups, after.cgroups),
    ...added("process", before.processes, after.processes),
    ...(before.ipForward === after.ipForward
      ? []
      : [`ip_forward: ${before.ipForward} became ${after.ipForward}`]),
  ];
}

/**
 * What on the machine carries an engine's network prefix or one of its directories; empty after a reset. Who looks, and
 * who started that, may well name them on its command line and is left out.
 */
export function tracesOf(prefix: string, directories: readonly string[]): string[] {
  const machine = observeMachine();
  const named = (line: string): boolean => directories.some((directory) => line.includes(directory));
  const link = new RegExp(`^${prefix}(0|-[0-9a-f]{8}|v[0-9a-f]{1,7})`);
  return [
    ...machine.mounts.filter(named).map((line) => `mount: ${line}`),
    ...machine.links.filter((name) => link.test(name)).map((line) => `link: ${line}`),
    ...machine.tables
      .filter((table) => table.split(" ").at(-1) === prefix)
      .map((line) => `nftables table: ${line}`),
    ...machine.cgroups.filter((path) => path.split("/").includes(prefix)).map((line) => `cgroup: ${line}`),
    ...machine.processes.filter(named).map((line) => `process: ${line}`),
  ];
}

/** Resident memory of a process in KiB, shared pages counted in part (PSS). Undefined when it is gone. */
export function memoryOf(pid: number): number | undefined {
  return rollupOf(pid, "Pss");
}

/**
 * Memory that a process made for itself, in KiB: heaps and compiled code, without the pages of files, whose part of
 * `memoryOf` depends on how many others have them mapped. Undefined when it is gone.
 */
export function ownMemoryOf(pid: number): number | undefined {
  return rollupOf(pid, "Pss_Anon");
}

function rollupOf(pid: number, field: string): number | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
    const match = new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(text);
    return match?.[1] === undefined ? undefined : Number(match[1]);
  } catch {
    return undefined;
  }
}

/** Process IDs whose command line contains `text`, with that command line. */
export function processesWith(text: string): { pid: number; command: string }[] {
  return allProcesses().filter(({ command }) => command.includes(text));
}

function listMounts(): string[] {
  const lines = readFileSync("/proc/self/mountinfo", "utf8").trimEnd().split("\n");
  return lines.map((line) => {
    const fields = line.split(" ");
    const type = fields[fields.indexOf("-") + 1] ?? "";
    return `${fields[4]} (${type}, ${fields[3]})`;
  });
}

function listCgroups(): string[] {
  const found: string[] = [];
  const walk = (directory: string): void => {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      if (!entry.isDirectory()) continue;
      const path = join(directory, entry.name);
      found.push(path);
      try {
        walk(path);
      } catch {
        // gone meanwhile
      }
    }
  };
  if (existsSync("/sys/fs/cgroup")) walk("/sys/fs/cgroup");
  return found;
}

function allProcesses(): { pid: number; command: string }[] {
  const found: { pid: number; command: string }[] = [];
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const command = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ").trim();
      if (command !== "") found.push({ pid: Number(name), command });
    } catch {
      // ended meanwhile
    }
  }
  return found;
}

function listProcesses(): string[] {
  const own = new Set(ownLine());
  return allProcesses()
    .filter(({ pid }) => !own.has(pid))
    .map(({ pid, command }) => `${pid} ${command}`);
}

/** This process and those it descends from. */
function ownLine(): number[] {
  const line: number[] = [];
  for (let pid = process.pid; pid > 0; ) {
    line.push(pid);
    const parent = /^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    pid = Number(parent ?? 0);
  }
  return line;
}

/** Names of the nftables tables, as `family name`. */
function listTables(): string[] {
  const library = dlopen("libnftables.so.1", {
    nft_ctx_new: { args: ["u32"], returns: "ptr" },
    nft_ctx_buffer_output: { args: ["ptr"], returns: "i32" },
    nft_ctx_get_output_buffer: { args: ["ptr"], returns: "ptr" },
    nft_run_cmd_from_buffer: { args: ["ptr", "ptr"], returns: "i32" },
    nft_ctx_free: { args: ["ptr"], returns: "void" },
  });
  const { symbols } = library;
  const context = symbols.nft_ctx_new(0);
  if (context === null) throw new Error("Cannot open libnftables");
  try {
    symbols.nft_ctx_buffer_output(context);
    const code = symbols.nft_run_cmd_from_buffer(context, ptr(Buffer.from("list tables\0")));
    const output = symbols.nft_ctx_get_output_buffer(context);
    if (code !== 0 || output === null) throw new Error("Cannot list nftables tables");
    return new CString(output)
      .toString()
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => line.replace(/^table /, ""));
  } finally {
    symbols.nft_ctx_free(context);
    library.close();
  }
}
