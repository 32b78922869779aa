import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { codeOf, EngineError, newID } from "../base/index.ts";
import type { RuntimeSpec } from "../oci/index.ts";
import type { Discards } from "../sys/index.ts";
import { renderShimConfig, type ShimConfig } from "./shim-config.ts";
import { unlimited } from "./spec/rlimits.ts";
import type { ExitStatus } from "./types.ts";

/**
 * Writes what runtime and shim read, over what an earlier run left in the directory. In one go: a start waits for it,
 * and the run directory lies in memory on most hosts, where a trip to a worker takes longer than the writing.
 */
export function writeBundle(bundle: string, spec: RuntimeSpec, shim: ShimConfig): void {
  const isNew = mkdirSync(bundle, { recursive: true, mode: 0o700 }) !== undefined;
  mkdirSync(spec.root.path, { recursive: true, mode: 0o755 });
  for (const { target } of shim.extraMounts) mkdirSync(target, { recursive: true, mode: 0o755 });
  writeFileSync(join(bundle, "config.json"), renderSpec(spec), { mode: 0o600 });
  writeFileSync(join(bundle, "shim.conf"), renderShimConfig(shim), { mode: 0o600 });
  if (!isNew) for (const name of ["exit", "init.pid"]) rmSync(join(bundle, name), { force: true });
}

const removedPrefix = ".removed-";

/** Removes a bundle; absent is a success. It is gone at once, for `isRemoved` to find what a kill leaves of it. */
export async function removeBundle(bundle: string, discards: Discards): Promise<void> {
  const doomed = join(dirname(bundle), `${removedPrefix}${newID()}`);
  try {
    renameSync(bundle, doomed);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return;
    throw error;
  }
  await discards.take(doomed);
}

/** Whether a name among bundles is that of a removed one, which only waits for its deletion. */
export function isRemoved(name: string): boolean {
  return name.startsWith(removedPrefix);
}

/** JSON text in which "unlimited" is the largest 64-bit number, which JavaScript cannot print exactly. */
export function renderSpec(spec: object): string {
  return JSON.stringify(spec).replaceAll(`:${unlimited}`, ":18446744073709551615");
}

/** What the shim wrote when init ended; undefined while nothing did. */
export async function readExit(bundle: string): Promise<ExitStatus | undefined> {
  const text = await readOptional(join(bundle, "exit"));
  if (text === undefined) return undefined;
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null || !("code" in value) || typeof value.code !== "number") {
    throw new EngineError("internal", `Cannot read exit status: ${bundle}/exit is damaged`, {
      subject: bundle,
    });
  }
  const oomKilled = "oomKilled" in value && value.oomKilled === true;
  const exitedAt = "exitedAt" in value ? String(value.exitedAt) : new Date().toISOString();
  return { code: value.code, oomKilled, exitedAt };
}

/** True when init of this bundle was started at least as far as having a process. */
export async function wasStarted(bundle: string): Promise<boolean> {
  return (await readOptional(join(bundle, "init.pid"))) !== undefined;
}

/** Process ID of init, as the runtime noted it; 0 when there was none. */
export async function readPid(bundle: string): Promise<number> {
  return Number.parseInt((await readOptional(join(bundle, "init.pid"))) ?? "", 10) || 0;
}

/** The cgroup path that a bundle's specification names; undefined without a bundle. */
export async function cgroupsPathOf(bundle: string): Promise<string | undefined> {
  const text = await readOptional(join(bundle, "config.json"));
  if (text === undefined) return undefined;
  return /"cgroupsPath":"([^"\\]+)"/.exec(text)?.[1];
}

async function readOptional(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return undefined;
    throw error;
  }
}
