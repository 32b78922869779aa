import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { TestEngine } from "./harness.ts";

const root = "/sys/fs/cgroup";

/** True on a machine with nothing but cgroup v2. */
export const unified = existsSync(join(root, "cgroup.controllers"));

/** A file of a hierarchy: `memory/memory.limit_in_bytes` on v1, `memory.max` on v2. */
export interface LimitFile {
  readonly v1: string;
  readonly v2: string;
}

/** The text of a limit's file of a container; `parent` is that of its cgroup, the engine's own by default. */
export function readLimit(
  engine: TestEngine,
  id: string,
  file: LimitFile,
  parent: string = engine.prefix,
): string {
  const [controller = "", name = ""] = file.v1.split("/");
  const path = unified ? join(root, parent, id, file.v2) : join(root, controller, parent, id, name);
  return readFileSync(path, "utf8").trim();
}

/** True when this machine has the file in some group of containers. */
export function hasLimit(
  engine: TestEngine,
  id: string,
  file: LimitFile,
  parent: string = engine.prefix,
): boolean {
  try {
    readLimit(engine, id, file, parent);
    return true;
  } catch {
    return false;
  }
}
