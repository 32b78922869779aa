import { existsSync } from "node:fs";
import { join } from "node:path";
import { readExit, wasStarted } from "./bundle.ts";
import { removeOrphan } from "./shim-process.ts";
import { isGone } from "./shim-socket.ts";
import { ShimTask, type TaskOptions } from "./task.ts";
import type { ExitStatus } from "./types.ts";

export type Recovered = { task: ShimTask } | { exit: ExitStatus } | undefined;

const killedCode = 137;

/** See `Runtime.recover`. */
export async function recoverTask(options: TaskOptions): Promise<Recovered> {
  if (!existsSync(join(options.bundle, "shim.conf"))) return undefined;
  const connected = await connectIfAlive(options);
  if (!connected) return await afterShim(options);
  const { task, state } = connected;
  if (!(await isSettled(task, state))) {
    await task.abandon();
    return await afterShim(options);
  }
  if (state === "exited") return await afterExit(task, options);
  return { task };
}

/** How long a start that an earlier engine began may keep this one from starting. */
const startPatience = 2000;

/** False for a start that hangs, or a shim that hangs before init was there: neither is anything yet. */
async function isSettled(task: ShimTask, state: string): Promise<boolean> {
  if (state === "silent") return task.pid > 0;
  return state !== "starting" || (await task.startSettled(startPatience));
}

/** The shim to a bundle, unless none answers. */
export async function connectIfAlive(
  options: TaskOptions,
): Promise<{ task: ShimTask; state: string } | undefined> {
  try {
    return await ShimTask.connect(options);
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** Init is dead; the shim is about to say so, or its start has just failed. */
async function afterExit(task: ShimTask, options: TaskOptions): Promise<Recovered> {
  const exit = await Promise.race([task.exited, task.gone.then(() => undefined)]);
  return exit ? { exit } : await afterShim(options);
}

async function afterShim({ shim, bundle }: TaskOptions): Promise<Recovered> {
  await removeOrphan(shim, bundle);
  const exit = await readExit(bundle);
  if (exit) return { exit };
  if (!(await wasStarted(bundle))) return undefined;
  return { exit: { code: killedCode, oomKilled: false, exitedAt: new Date().toISOString() } };
}
