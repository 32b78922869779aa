import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { processesWith, tracesOf } from "../../scripts/machine.ts";
import { repository } from "../../scripts/suites.ts";
import { run } from "./process.ts";

/** Where an engine of a test keeps its things. */
export interface EnginePlace {
  readonly directory: string;
  readonly prefix: string;
  readonly root: string;
  readonly runDirectory: string;
}

const registryVariable = "GANTRY_TEST_ENGINES";

/** Notes a new engine in the registry of this test run, if there is one. */
export function note(engine: EnginePlace): void {
  const registry = process.env[registryVariable];
  if (registry === undefined) return;
  const { directory, prefix, root, runDirectory } = engine;
  writeFileSync(join(registry, prefix), JSON.stringify({ directory, prefix, root, runDirectory }));
}

/** Strikes out an engine that is gone without trace. */
export function forget(engine: EnginePlace): void {
  const registry = process.env[registryVariable];
  if (registry !== undefined) rmSync(join(registry, engine.prefix), { force: true });
}

/**
 * Removes the engines that tests left behind (a killed test cannot), and tells what even the reset did not remove.
 */
export async function sweepEngines(registry: string): Promise<string[]> {
  const left: string[] = [];
  for (const name of readdirSync(registry)) {
    const engine: EnginePlace = JSON.parse(readFileSync(join(registry, name), "utf8"));
    for (const { pid, command } of processesWith(engine.directory)) {
      if (command.includes(" daemon ")) process.kill(pid, "SIGKILL");
    }
    const reset = await run([
      join(repository, "bin/gantry"),
      ...["system", "reset"],
      ...["--root", engine.root],
      ...["--run-dir", engine.runDirectory],
      ...["--network-prefix", engine.prefix],
    ]);
    if (reset.code !== 0) left.push(`reset of ${engine.prefix}: ${reset.stderr.trim()}`);
    // A disk of its own, where it had one.
    await run(["umount", "-q", engine.root]);
    left.push(...tracesOf(engine.prefix, [engine.directory]));
    if (existsSync(engine.directory)) rmSync(engine.directory, { recursive: true, force: true });
  }
  return left;
}
