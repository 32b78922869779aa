import { mkdir, readdir, rename, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { codeOf, EngineError, KeyedMutex, newID, noStep, type Step } from "../base/index.ts";
import type { Collection, Records } from "../records/index.ts";
import { Discards, removeTree } from "../sys/index.ts";
import { checkVolumeName } from "./name.ts";
import type { Volume, VolumeCreateOptions, VolumeService } from "./types.ts";
import { diskUsage } from "./usage.ts";

interface VolumeRecord extends Volume {
  readonly version: 1;
  /** A removal has begun; a start of the engine finishes it. */
  readonly removing?: boolean;
  /** Made for a user who is not on record yet. */
  readonly provisional?: boolean;
}

interface VolumeOptions {
  readonly directory: string;
  readonly records: Records;
  readonly step?: Step;
  /** Deletes what removals that were cut off left; what cannot be deleted keeps nobody from opening. */
  readonly discards?: Discards;
}

/** Opens the volumes below `directory`, finishing removals that a kill cut off. */
export async function openVolumeService(options: VolumeOptions): Promise<VolumeService> {
  await mkdir(options.directory, { recursive: true, mode: 0o711 });
  const volumes = new Volumes({ step: noStep, discards: new Discards(() => {}), ...options });
  await volumes.recover();
  return volumes;
}

class Volumes implements VolumeService {
  readonly #directory: string;
  readonly #records: Collection<VolumeRecord>;
  readonly #step: Step;
  readonly #discards: Discards;
  readonly #locks = new KeyedMutex();

  constructor(options: Required<VolumeOptions>) {
    this.#directory = options.directory;
    this.#records = options.records.collection<VolumeRecord>("volumes");
    this.#step = options.step;
    this.#discards = options.discards;
  }

  async recover(): Promise<void> {
    for (const record of this.#records.list()) {
      // One that cannot be moved is there again, to be removed another time.
      if (record.removing) await this.#hide(record.name).catch(() => undefined);
    }
    for (const entry of await readdir(this.#directory)) {
      if (entry.startsWith(".removed-")) await this.#discards.take(join(this.#directory, entry));
      else if (!this.#records.find(entry)) await this.#removeEmpty(entry);
    }
    await this.#discards.drain();
  }

  /** What a create left that was cut off before its record. A directory that holds anything is not ours to judge. */
  async #removeEmpty(entry: string): Promise<void> {
    for (const path of [this.path(entry), join(this.#directory, entry)]) {
      try {
        await rmdir(path);
      } catch (error) {
        if (!["ENOENT", "ENOTEMPTY", "EEXIST", "ENOTDIR"].includes(codeOf(error) ?? "")) throw error;
      }
    }
  }

  async create(options: VolumeCreateOptions): Promise<{ volume: Volume; made: boolean }> {
    const name = options.name || newID();
    checkVolumeName(name);
    checkDriver(options);
    return await this.#locks.run(name, async () => {
      const existing = this.find(name);
      if (existing) return { volume: sameOrThrow(existing, options), made: false };
      const volume: VolumeRecord = {
        version: 1,
        name,
        driver: "local",
        created: new Date().toISOString(),
        labels: options.labels ?? {},
        options: options.options ?? {},
        anonymous: !options.name,
        ...(options.provisional ? { provisional: true } : {}),
      };
      await mkdir(this.path(name), { recursive: true, mode: 0o755 });
      this.#step("volume:directory-made");
      this.#records.put(name, volume);
      return { volume, made: true };
    });
  }

  keep(name: string): void {
    const record = this.#records.find(name);
    if (!record?.provisional) return;
    const { provisional: _, ...kept } = record;
    this.#records.put(name, kept);
  }

  provisional(): readonly string[] {
    return this.#records
      .list()
      .filter((record) => record.provisional)
      .map(({ name }) => name);
  }

  get(name: string): Volume {
    const volume = this.find(name);
    if (!volume) throw new EngineError("not-found", `get ${name}: no such volume`, { subject: name });
    return volume;
  }

  find(name: string): Volume | undefined {
    const record = this.#records.find(name);
    return record && !record.removing ? record : undefined;
  }

  list(): readonly Volume[] {
    return this.#records.list().filter((record) => !record.removing);
  }

  path(name: string): string {
    return join(this.#directory, name, "_data");
  }

  async isEmpty(name: string): Promise<boolean> {
    return (await readdir(this.path(name))).length === 0;
  }

  async remove(name: string, options: { usedBy: readonly string[] }): Promise<void> {
    await this.#locks.run(name, async () => {
      this.get(name);
      if (options.usedBy.length > 0) {
        throw new EngineError(
          "conflict",
          `remove ${name}: volume is in use - [${options.usedBy.join(", ")}]`,
          { subject: name },
        );
      }
      await removeTree(await this.#hide(name));
    });
  }

  async usage(name: string): Promise<number> {
    return await diskUsage(this.path(name));
  }

  /**
   * Hides the volume, then its directory; gives the place where it waits for its deletion. A kill in between is
   * finished by `recover`.
   */
  async #hide(name: string): Promise<string> {
    const record = this.#records.get(name);
    this.#records.put(name, { ...record, removing: true });
    const hidden = join(this.#directory, `.removed-${newID()}`);
    try {
      await rename(join(this.#directory, name), hidden);
    } catch (error) {
      if (codeOf(error) !== "ENOENT") {
        const { removing: _, ...kept } = record;
        this.#records.put(name, kept);
        throw error;
      }
    }
    this.#step("volume:hidden");
    this.#records.remove(name);
    return hidden;
  }
}

function checkDriver(options: VolumeCreateOptions): void {
  const driver = options.driver || "local";
  if (driver !== "local") {
    throw new EngineError(
      "not-found",
      `error looking up volume plugin ${driver}: plugin "${driver}" not found`,
      { subject: driver },
    );
  }
  const unknown = Object.keys(options.options ?? {})[0];
  if (unknown !== undefined) {
    throw new EngineError(
      "invalid",
      `create ${options.name ?? ""}: volume option "${unknown}" is not supported by the local driver of this engine`,
      { subject: unknown },
    );
  }
}

function sameOrThrow(existing: Volume, options: VolumeCreateOptions): Volume {
  const asked = Object.entries(options.options ?? {});
  if (asked.some(([key, value]) => existing.options[key] !== value)) {
    throw new EngineError(
      "conflict",
      `create ${existing.name}: volume already exists with different driver options`,
      { subject: existing.name },
    );
  }
  return existing;
}
