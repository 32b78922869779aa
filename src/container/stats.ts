import { readFile } from "node:fs/promises";
import { availableParallelism, totalmem } from "node:os";
import { type CgroupUsage, readCgroupUsage } from "./cgroup-usage.ts";
import type { Collaborators } from "./collaborators.ts";
import { isLive } from "./state.ts";

/** One measurement; all zero for a container that does not run. */
export interface Sample {
  readonly at: string;
  readonly usage: CgroupUsage | undefined;
  /** Nanoseconds of processor time of the whole machine. */
  readonly systemTime: number;
  readonly processors: number;
  readonly memoryLimit: number;
  readonly networks: Readonly<Record<string, NetworkUsage>>;
}

export interface NetworkUsage {
  readonly rx_bytes: number;
  readonly rx_packets: number;
  readonly rx_errors: number;
  readonly rx_dropped: number;
  readonly tx_bytes: number;
  readonly tx_packets: number;
  readonly tx_errors: number;
  readonly tx_dropped: number;
}

/** Measures what a container uses now. Throws `not-found`. */
export async function sampleContainer(
  needs: Pick<Collaborators, "store">,
  reference: string,
): Promise<Sample> {
  const { state } = needs.store.get(reference);
  const base = { at: new Date().toISOString(), processors: availableParallelism() };
  if (!isLive(state)) return { ...base, usage: undefined, systemTime: 0, memoryLimit: 0, networks: {} };
  const [usage, systemTime, networks] = await Promise.all([
    readCgroupUsage(state.pid),
    readSystemTime(),
    readNetworks(state.pid),
  ]);
  const { limit } = usage.memory;
  const memoryLimit = limit > 0 && limit < totalmem() ? limit : totalmem();
  return { ...base, usage, systemTime, memoryLimit, networks };
}

async function readSystemTime(): Promise<number> {
  const [line = ""] = (await readFile("/proc/stat", "utf8")).split("\n");
  const ticks = line
    .trim()
    .split(/\s+/)
    .slice(1, 9)
    .reduce((sum, word) => sum + Number(word), 0);
  return ticks * 1e7;
}

/** Counters of every link but loopback, in the process's own namespace. */
async function readNetworks(pid: number): Promise<Record<string, NetworkUsage>> {
  const text = await readFile(`/proc/${pid}/net/dev`, "utf8").catch(() => "");
  const rows = text.split("\n").flatMap((line) => {
    const [name = "", rest] = line.split(":");
    if (rest === undefined || name.trim() === "lo") return [];
    const at = rest.trim().split(/\s+/).map(Number);
    const usage: NetworkUsage = {
      rx_bytes: at[0] ?? 0,
      rx_packets: at[1] ?? 0,
      rx_errors: at[2] ?? 0,
      rx_dropped: at[3] ?? 0,
      tx_bytes: at[8] ?? 0,
      tx_packets: at[9] ?? 0,
      tx_errors: at[10] ?? 0,
      tx_dropped: at[11] ?? 0,
    };
    return [[name.trim(), usage] as const];
  });
  return Object.fromEntries(rows);
}
