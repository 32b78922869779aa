import { existsSync } from "node:fs";
import { readdir, readFile, rm, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { codeOf, type Logger, messageOf } from "../base/index.ts";
import { removeTree } from "../sys/index.ts";
import { isRemoved, removeBundle } from "./bundle.ts";
import type { CgroupMount } from "./cgroup-mounts.ts";
import { connectIfAlive } from "./recover.ts";
import { removeOrphan } from "./shim-process.ts";
import type { TaskOptions } from "./task.ts";

export interface SweepOptions {
  readonly bundlesRoot: string;
  readonly known: ReadonlySet<string>;
  /** Those of them that have processes. */
  readonly alive: ReadonlySet<string>;
  readonly stateRoot: string;
  readonly cgroupParent: string;
  readonly cgroupMounts: readonly CgroupMount[];
  readonly log: Logger;
  readonly taskOptions: (id: string, bundle: string) => TaskOptions;
}

const killAttempts = 500;

/** See `Runtime.sweep`. A thing that cannot be removed is logged and does not keep the others. */
export async function sweepRemains(options: SweepOptions): Promise<void> {
  const { known, alive, log } = options;
  const attempt = async (what: string, work: () => Promise<void>) => {
    await work().catch((error: unknown) => log.warn("cannot sweep", { what, error: messageOf(error) }));
  };
  for (const id of await unknownEntries(options.bundlesRoot, known)) {
    await attempt(id, () => sweepBundle(options, id));
  }
  for (const { path } of options.cgroupMounts) {
    const parent = path + options.cgroupParent;
    for (const id of await unknownEntries(parent, alive)) {
      await attempt(id, () => removeCgroup(join(parent, id)));
    }
    if (known.size === 0) await attempt(parent, () => removeCgroup(parent));
  }
  for (const runtime of await entries(options.stateRoot)) {
    const directory = join(options.stateRoot, runtime);
    for (const id of await unknownEntries(directory, alive)) {
      await attempt(id, () => rm(join(directory, id), { recursive: true, force: true }));
    }
  }
}

async function sweepBundle({ bundlesRoot, taskOptions }: SweepOptions, id: string): Promise<void> {
  const bundle = join(bundlesRoot, id);
  if (isRemoved(id)) return await removeTree(bundle);
  const options = taskOptions(id, bundle);
  const alive = await connectIfAlive(options);
  if (alive) {
    if (alive.state === "silent") await alive.task.abandon();
    await alive.task.destroy();
    return;
  }
  if (existsSync(join(bundle, "shim.conf"))) await removeOrphan(options.shim, bundle);
  await removeBundle(bundle, options.discards);
}

/** Kills what is in a cgroup and below, then removes the directories. */
async function removeCgroup(path: string): Promise<void> {
  for (const name of await entries(path)) await removeCgroup(join(path, name));
  for (let tries = 0; tries < killAttempts; tries += 1) {
    try {
      await rmdir(path);
      return;
    } catch (error) {
      if (codeOf(error) === "ENOENT") return;
      if (codeOf(error) !== "EBUSY") throw error;
    }
    await killMembers(path);
    await delay(2);
  }
}

async function killMembers(path: string): Promise<void> {
  // A frozen process dies only once it is awake.
  await writeFile(join(path, "freezer.state"), "THAWED").catch(ignoreAbsent);
  const members = await readFile(join(path, "cgroup.procs"), "utf8");
  for (const line of members.split("\n")) {
    const pid = Number(line);
    if (pid <= 1) continue;
    try {
      process.kill(pid, "SIGKILL");
    } catch (error) {
      if (codeOf(error) !== "ESRCH") throw error;
    }
  }
}

function ignoreAbsent(error: unknown): void {
  if (!["ENOENT", "EACCES", "EPERM"].includes(codeOf(error) ?? "")) throw error;
}

async function unknownEntries(directory: string, known: ReadonlySet<string>): Promise<string[]> {
  return (await entries(directory)).filter((name) => !known.has(name));
}

/** Names of the directories in a directory; none when it does not exist. */
async function entries(directory: string): Promise<string[]> {
  try {
    const found = await readdir(directory, { withFileTypes: true });
    return found.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return [];
    throw error;
  }
}
