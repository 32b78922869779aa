import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The durable steps of an engine, as `openSteps` of `src/base` lists them, and kills at them. */
export class Steps {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
    mkdirSync(directory, { recursive: true });
  }

  /** The steps passed since the last call, in order. */
  take(): string[] {
    const path = join(this.directory, "passed");
    if (!existsSync(path)) return [];
    const text = readFileSync(path, "utf8");
    rmSync(path);
    return text.trim().split("\n");
  }

  /** From now on the engine ends with SIGKILL at the `count`-th passing of a step; the engine after it lives. */
  killAt(name: string, count = 1): void {
    writeFileSync(join(this.directory, "kill"), `${name} ${count} ${crypto.randomUUID()}\n`);
  }

  /** No kill at a step any more; true when none came. */
  spare(): boolean {
    const path = join(this.directory, "kill");
    const waiting = existsSync(path);
    rmSync(path, { force: true });
    return waiting;
  }
}
