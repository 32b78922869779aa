import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { observeMachine, ownMemoryOf, processesWith } from "../../scripts/machine.ts";
import { listTable } from "../../src/network/testing/index.ts";
import { Api } from "./api.ts";
import type { TestEngine } from "./harness.ts";

/** What must be after any number of cycles as it was after the first ones. Bytes and KiB where the name says so. */
export type Measures = Readonly<Record<string, number>>;

/** SQLite lets its journal grow to a thousand pages before it is begun anew. */
const journalLimit = 4.5 * 1024 ** 2;

/** What of an engine is on the machine now, as numbers. */
export function measure(engine: TestEngine): Measures {
  const machine = observeMachine();
  const proc = `/proc/${engine.pid}`;
  return {
    mounts: machine.mounts.filter((line) => line.includes(engine.directory)).length,
    links: machine.links.filter((name) => name.startsWith(engine.prefix)).length,
    namespaces: count(join(engine.runDirectory, "netns")),
    cgroups: machine.cgroups.filter((path) => path.includes(`/${engine.prefix}/`)).length,
    rules: listTable("/proc/self/ns/net", engine.prefix).split("\n").length,
    shims: processesWith(`${engine.directory}/`).filter(({ command }) => command.includes("gantry-shim"))
      .length,
    descriptors: count(`${proc}/fd`),
    threads: count(`${proc}/task`),
    files: filesBelow(engine.root) + filesBelow(engine.runDirectory),
    recordsBytes: sizeOf(join(engine.root, "records.db")),
    journalBytes: Math.max(journalLimit, sizeOf(join(engine.root, "records.db-wal"))),
    logBytes: engine.log.length,
    memoryKiB: ownMemoryOf(engine.pid) ?? 0,
  };
}

/** Memory that may be added by the code that the runtime compiles while it warms up, and by its optimizing compiler. */
export const warmingKiB = 12_000;

/** What grew by more than may be, as lines; empty: nothing. */
export function growth(before: Measures, after: Measures, memoryKiB = warmingKiB): string[] {
  // Memory and threads go up and down; records take whole pages.
  const slack: Readonly<Record<string, number>> = {
    memoryKiB,
    threads: 4,
    descriptors: 2,
    recordsBytes: 256 * 1024,
    logBytes: 2000,
  };
  return Object.entries(after)
    .filter(([name, value]) => value > (before[name] ?? 0) + (slack[name] ?? 0))
    .map(([name, value]) => `${name}: ${before[name]} became ${value}`);
}

/** One container's whole life; every few of them have a port and a volume, go by themselves, or fail to start. */
export async function cycle(api: Api, number: number): Promise<void> {
  const kind = number % 4;
  const failing = kind === 3;
  const made = await api.ok("POST", "/containers/create", {
    Image: "busybox",
    Cmd: failing ? ["/nowhere"] : ["sleep", "1000"],
    ...(kind === 1 ? { Volumes: { "/data": {} }, ExposedPorts: { "80/tcp": {} } } : {}),
    HostConfig: {
      AutoRemove: kind === 2,
      PublishAllPorts: kind === 1,
      ...(kind === 2 ? { NetworkMode: "none" } : {}),
    },
  });
  const path = `/containers/${made.body.Id}`;
  if (failing) {
    await api.ask("POST", `${path}/start`);
    await api.ok("DELETE", path);
    return;
  }
  await api.ok("POST", `${path}/start`);
  if (kind === 0) {
    const exec = await api.ok("POST", `${path}/exec`, { Cmd: ["true"], AttachStdout: true });
    await api.ok("POST", `/exec/${exec.body.Id}/start`, { Detach: false });
  }
  await api.ok("POST", `${path}/stop?t=0`);
  if (kind === 2) await api.ask("POST", `${path}/wait?condition=removed`);
  else await api.ok("DELETE", `${path}?v=1`);
}

/** Cycles, a few at a time. */
export async function cycles(engine: TestEngine, total: number, atOnce = 4): Promise<void> {
  const api = new Api(engine.socket);
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < total) await cycle(api, next++);
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
}

function count(directory: string): number {
  try {
    return readdirSync(directory).length;
  } catch {
    return 0;
  }
}

function filesBelow(directory: string): number {
  return readdirSync(directory, { recursive: true }).length;
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
