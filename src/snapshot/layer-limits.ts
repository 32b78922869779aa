import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { digestOf, EngineError, hexOf } from "../base/index.ts";
import { hasProjectQuotas, isProjectUsed, limitProject, setProject } from "../sys/index.ts";
import { type LayerLimit, readSnapshotRecord } from "./record.ts";

/** Projects that people number by hand lie below; every root begins in a range of its own. */
const rangeSize = 2 ** 20;

/**
 * Limits of what snapshots take: each snapshot with one is a project of its own to the file system. Its number stands
 * in the snapshot's record before the file system is told, so that a kill leaves no limit that nobody knows of.
 */
export class LayerLimits {
  readonly #directory: string;
  readonly #parts: readonly string[] | undefined;

  /** For snapshots in `directory`, whose writable layers are made of `parts`; undefined: they cannot be limited. */
  constructor(directory: string, parts: readonly string[] | undefined) {
    this.#directory = directory;
    this.#parts = parts;
  }

  /** Whether the file system holds snapshots to their limits. */
  get areKept(): boolean {
    return this.#parts !== undefined && hasProjectQuotas(this.#directory);
  }

  /** A limit with a project that neither `taken` nor anything on the file system has. Throws `invalid` where none is kept. */
  claim(bytes: number, taken: Iterable<LayerLimit | undefined>): LayerLimit {
    if (!this.areKept) {
      throw new EngineError("invalid", "the file system of the snapshots keeps no limits of projects", {
        subject: this.#directory,
      });
    }
    const projects = new Set([...taken].map((limit) => limit?.project));
    let project = firstProject(this.#directory);
    while (projects.has(project) || isProjectUsed(this.#directory, project)) project += 1;
    return { project, bytes };
  }

  /** Holds the new snapshot in `place` to its limit. */
  apply(place: string, { project, bytes }: LayerLimit): void {
    for (const part of this.#parts ?? []) setProject(join(place, part), project);
    limitProject(this.#directory, project, bytes);
  }

  /** Gives a project back, whose files are about to go. */
  release(limit: LayerLimit | undefined): void {
    if (limit === undefined) return;
    try {
      limitProject(this.#directory, limit.project, 0);
    } catch {
      // Limits are not kept any more, say. A project that cannot be given back is not used again, and holds nothing.
    }
  }

  /** Gives back the projects of all snapshots in the directory `name`. */
  async releaseAll(name: string): Promise<void> {
    if (!this.areKept) return;
    const directory = join(this.#directory, name);
    for (const entry of await readdir(directory).catch((): string[] => [])) {
      const record = await readSnapshotRecord(join(directory, entry)).catch(() => undefined);
      this.release(record?.limit);
    }
  }
}

/** Gives back what the file system keeps for limited snapshots in `directory`, which is about to be removed. */
export async function releaseLimits(directory: string): Promise<void> {
  const limits = new LayerLimits(directory, []);
  for (const name of ["active", "tmp"]) await limits.releaseAll(name);
}

function firstProject(directory: string): number {
  const range = 1 + (Number.parseInt(hexOf(digestOf(directory)).slice(0, 4), 16) % 2000);
  return range * rangeSize;
}
