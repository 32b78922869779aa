import { randomBytes } from "node:crypto";
import { renameSync } from "node:fs";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { codeOf, EngineError, Holds, hexOf, isDigest, noStep, type Step } from "../base/index.ts";
import type { Mount } from "../oci/index.ts";
import { Discards, removeTree } from "../sys/index.ts";
import { checkDirectory, conflict, spaceError } from "./errors.ts";
import type { SnapshotKind } from "./kind.ts";
import { LayerLimits } from "./layer-limits.ts";
import {
  fillRecord,
  type LayerLimit,
  makeEmptyRecord,
  readBootID,
  readSnapshotRecord,
  type SnapshotRecord,
  writeSnapshotRecord,
} from "./record.ts";
import { Spares } from "./spares.ts";
import type { ChainID, PrepareOptions, Snapshotter, SnapshotUsage } from "./types.ts";
import { measureTree } from "./usage.ts";

export interface SnapshotOptions {
  /** Empty snapshots to be kept ready, for quick preparation; default none. */
  readonly spares?: number;
  /** Marks durable steps, for fault tests. */
  readonly step?: Step;
  /** Deletes what active snapshots held. */
  readonly discards?: Discards;
}

/**
 * Snapshots as directories: `committed/<hex>/{fs,snapshot.json}`, `active/<key>/{fs,…,snapshot.json}`, and `tmp/`
 * for what is being made or removed. Each appears and vanishes by one rename. This process alone changes the
 * directory; who stands on whom is kept in memory too.
 */
export class DirectorySnapshotter implements Snapshotter {
  readonly #directory: string;
  readonly #kind: SnapshotKind;
  readonly #boot: string;
  readonly #step: Step;
  readonly #spares: Spares;
  readonly #limits: LayerLimits;
  readonly #discards: Discards;
  readonly #committed = new Map<ChainID, SnapshotRecord>();
  readonly #active = new Map<string, SnapshotRecord>();
  /** Removed ones that somebody still reads, by where they wait. */
  readonly #read = new Map<string, SnapshotRecord>();
  readonly #holds = new Holds();
  readonly #usage = new Map<ChainID, Promise<SnapshotUsage>>();

  private constructor(
    directory: string,
    kind: SnapshotKind,
    options: { boot: string; spares: number; step: Step; discards: Discards },
  ) {
    this.#directory = directory;
    this.#kind = kind;
    this.#boot = options.boot;
    this.#step = options.step;
    this.#discards = options.discards;
    this.#limits = new LayerLimits(directory, kind.limited);
    this.#spares = new Spares({
      directory: join(directory, "tmp"),
      wanted: options.spares,
      make: async (path) => {
        await mkdir(path, { mode: 0o700 });
        await kind.make(path);
        await makeEmptyRecord(path);
      },
    });
  }

  /** Opens the snapshots in `directory`, made when absent. */
  static async open(
    directory: string,
    kind: SnapshotKind,
    options: SnapshotOptions,
  ): Promise<DirectorySnapshotter> {
    checkDirectory(directory);
    const boot = await readBootID();
    const snapshotter = new DirectorySnapshotter(directory, kind, {
      boot,
      spares: options.spares ?? 0,
      step: options.step ?? noStep,
      discards: options.discards ?? new Discards(() => {}),
    });
    for (const name of ["committed", "active", "tmp"])
      await mkdir(join(directory, name), { recursive: true, mode: 0o700 });
    await snapshotter.#load();
    return snapshotter;
  }

  get canLimit(): boolean {
    return this.#limits.areKept;
  }

  async prepare(
    key: string,
    parent: ChainID | undefined,
    options: PrepareOptions = {},
  ): Promise<readonly Mount[]> {
    if (!/^[a-zA-Z0-9_.-]+$/.test(key) || key.startsWith(".")) throw new Error(`Bad snapshot key: ${key}`);
    if (this.#active.has(key)) throw conflict(`Snapshot ${key} exists already`, key);
    if (parent !== undefined) this.#requireCommitted(parent);
    const record: SnapshotRecord = {
      ...(parent === undefined ? {} : { parent }),
      ...(options.limit === undefined ? {} : { limit: this.#claim(options.limit) }),
    };
    // From here on the parent counts as used, and the key as taken.
    this.#active.set(key, record);
    let staged: string | undefined;
    try {
      staged = await this.#spares.take();
      // Every container's start waits for this: a few short calls in one go, not as many trips to a worker.
      if (parent !== undefined) await this.#kind.inherit(staged, this.#layer(parent));
      if (record.limit) await this.#limit(staged, record);
      else fillRecord(staged, record);
      renameSync(staged, this.#home(key));
      this.#step("snapshot:prepared");
    } catch (error) {
      this.#active.delete(key);
      this.#limits.release(record.limit);
      if (staged !== undefined) await rm(staged, { recursive: true, force: true });
      throw spaceError(error, key);
    }
    return this.#mounts(key, record);
  }

  async prepareApart(key: string): Promise<string | undefined> {
    if (!this.#kind.isApart) return undefined;
    await this.prepare(key, undefined);
    return join(this.#home(key), "fs");
  }

  async attach(key: string, parent: ChainID, options: { readonly root: boolean }): Promise<void> {
    const record = this.#requireActive(key);
    if (record.parent !== undefined)
      throw conflict(`Snapshot ${key} stands on ${record.parent} already`, key);
    this.#requireCommitted(parent);
    // What is on the disk says it at the commit: until then nobody goes on with an active one after a restart.
    this.#active.set(key, { ...record, parent });
    if (options.root) await this.#kind.inherit(this.#home(key), this.#layer(parent));
  }

  async mounts(key: string): Promise<readonly Mount[]> {
    return this.#mounts(key, this.#requireActive(key));
  }

  async view(chainID: ChainID): Promise<readonly Mount[]> {
    this.#requireCommitted(chainID);
    return this.#kind.view(this.#stack(chainID));
  }

  async commit(chainID: ChainID, key: string): Promise<void> {
    const { parent, limit } = this.#requireActive(key);
    if (limit) throw conflict(`Cannot commit snapshot ${key}: it is limited`, key);
    if (this.#committed.has(chainID)) return await this.remove(key);
    const record: SnapshotRecord = {
      ...(parent === undefined ? {} : { parent }),
      boot: this.#boot,
      committed: Date.now(),
    };
    await writeSnapshotRecord(this.#home(key), record);
    // Another commit of the same chain may have come first.
    if (this.#committed.has(chainID)) return await this.remove(key);
    this.#step("snapshot:record-written");
    // In one go: whoever finds the chain committed looks into its directory at once.
    renameSync(this.#home(key), this.#place(chainID));
    this.#committed.set(chainID, record);
    this.#step("snapshot:committed");
    this.#active.delete(key);
    await rm(join(this.#place(chainID), "work"), { recursive: true, force: true });
  }

  async settle(chainIDs: readonly ChainID[]): Promise<void> {
    const settleOne = async (chainID: ChainID): Promise<void> => {
      const { boot: _, ...record } = this.#requireCommitted(chainID);
      await writeSnapshotRecord(this.#place(chainID), record, { sync: true });
      if (this.#committed.has(chainID)) this.#committed.set(chainID, record);
    };
    await Promise.all(this.unsettled(chainIDs).map(settleOne));
  }

  unsettled(chainIDs: readonly ChainID[]): readonly ChainID[] {
    const all = new Set(chainIDs.flatMap((chainID) => this.#ancestry(chainID)));
    return [...all].filter((chainID) => this.#committed.get(chainID)?.boot !== undefined);
  }

  async remove(key: string): Promise<void> {
    const record = this.#active.get(key);
    if (!record) return;
    const doomed = this.#hide(this.#home(key));
    this.#active.delete(key);
    this.#limits.release(record.limit);
    const readers = this.#holds.part(key);
    if (!readers) return await this.#discards.take(doomed);
    this.#read.set(doomed, record);
    void readers.then(async () => {
      this.#read.delete(doomed);
      await this.#discards.take(doomed);
    });
  }

  hold(key: string): Disposable {
    return this.#holds.take(key);
  }

  async removeCommitted(chainID: ChainID): Promise<void> {
    if (!this.#committed.has(chainID)) return;
    const user = this.#userOf(chainID);
    if (user !== undefined)
      throw conflict(`Cannot remove snapshot ${chainID}: ${user} stands on it`, chainID);
    const record = this.#requireCommitted(chainID);
    this.#committed.delete(chainID);
    this.#usage.delete(chainID);
    let doomed: string;
    try {
      doomed = this.#hide(this.#place(chainID));
    } catch (error) {
      if (codeOf(error) !== "ENOENT") this.#committed.set(chainID, record);
      throw error;
    }
    await removeTree(doomed);
  }

  async has(chainID: ChainID): Promise<boolean> {
    return this.#committed.has(chainID);
  }

  async upperDirectory(key: string): Promise<string> {
    this.#requireActive(key);
    return join(this.#home(key), "fs");
  }

  async changes(key: string): Promise<{ directory: string; older?: string }> {
    const { parent } = this.#requireActive(key);
    const older = this.#kind.older?.(parent === undefined ? undefined : this.#layer(parent));
    const directory = join(this.#home(key), "fs");
    return older === undefined ? { directory } : { directory, older };
  }

  async layerDirectory(chainID: ChainID): Promise<string> {
    this.#requireCommitted(chainID);
    return this.#layer(chainID);
  }

  async usage(name: string): Promise<SnapshotUsage> {
    if (!isDigest(name)) {
      this.#requireActive(name);
      return await measureTree(join(this.#home(name), "fs"));
    }
    this.#requireCommitted(name);
    const measured = this.#usage.get(name) ?? measureTree(this.#layer(name));
    this.#usage.set(name, measured);
    measured.catch(() => this.#usage.delete(name));
    return await measured;
  }

  committedAt(chainID: ChainID): number | undefined {
    const record = this.#committed.get(chainID);
    return record ? (record.committed ?? 0) : undefined;
  }

  async listCommitted(): Promise<readonly { chainID: ChainID; parent: ChainID | undefined }[]> {
    return [...this.#committed].map(([chainID, { parent }]) => ({ chainID, parent }));
  }

  async listActive(): Promise<readonly { key: string; parent: ChainID | undefined }[]> {
    return [...this.#active].map(([key, { parent }]) => ({ key, parent }));
  }

  async sweep(): Promise<void> {
    for (const chainID of this.#doubtful()) {
      this.#committed.delete(chainID);
      this.#hide(this.#place(chainID));
    }
    for (const kind of ["active", "committed"]) await this.#sweepUnknown(kind);
    this.#spares.clear();
    await this.#limits.releaseAll("tmp");
    const hidden = join(this.#directory, "tmp");
    for (const name of await readdir(hidden)) await this.#discards.take(join(hidden, name));
    await this.#discards.drain();
  }

  async #load(): Promise<void> {
    for (const name of await readdir(join(this.#directory, "committed"))) {
      const record = await readSnapshotRecord(join(this.#directory, "committed", name));
      const chainID = `sha256:${name}`;
      if (record && isDigest(chainID)) this.#committed.set(chainID, record);
    }
    for (const key of await readdir(join(this.#directory, "active"))) {
      const record = await readSnapshotRecord(this.#home(key));
      if (record) this.#active.set(key, record);
    }
  }

  #claim(bytes: number): LayerLimit {
    const taken = [...this.#active.values()].map(({ limit }) => limit);
    return this.#limits.claim(bytes, taken);
  }

  /** The record is on the disk first: what the file system keeps for a limit outlives a power cut. */
  async #limit(staged: string, record: SnapshotRecord): Promise<void> {
    await writeSnapshotRecord(staged, record, { sync: true });
    if (record.limit) this.#limits.apply(staged, record.limit);
    this.#step("snapshot:limited");
  }

  /** Committed snapshots that an earlier boot left unsettled or without parent, those on top first. */
  #doubtful(): readonly ChainID[] {
    const isDoubtful = (chainID: ChainID): boolean => {
      const record = this.#committed.get(chainID);
      if (!record || (record.boot !== undefined && record.boot !== this.#boot)) return true;
      return record.parent !== undefined && isDoubtful(record.parent);
    };
    const depth = (chainID: ChainID) => this.#ancestry(chainID).length;
    return [...this.#committed.keys()].filter(isDoubtful).sort((a, b) => depth(b) - depth(a));
  }

  /** Directories whose record cannot be read are leftovers of a power cut. */
  async #sweepUnknown(kind: string): Promise<void> {
    for (const name of await readdir(join(this.#directory, kind))) {
      const chainID = `sha256:${name}`;
      const known =
        kind === "active" ? this.#active.has(name) : isDigest(chainID) && this.#committed.has(chainID);
      if (!known) this.#hide(join(this.#directory, kind, name));
    }
  }

  /** Moves a directory out of sight; gives the place where it waits for its deletion. */
  #hide(path: string): string {
    const doomed = this.#temporary();
    // In one go, as in `commit`: a chain that is no longer committed leaves its place free for the next one at once.
    renameSync(path, doomed);
    this.#step("snapshot:discarded");
    return doomed;
  }

  #userOf(chainID: ChainID): string | undefined {
    for (const [child, { parent }] of this.#committed) if (parent === chainID) return child;
    for (const [key, { parent }] of [...this.#active, ...this.#read]) if (parent === chainID) return key;
    return undefined;
  }

  #mounts(key: string, { parent }: SnapshotRecord): readonly Mount[] {
    return this.#kind.mounts(this.#home(key), parent === undefined ? [] : this.#stack(parent));
  }

  /** `fs` directories of a committed snapshot and those below it, highest first. */
  #stack(chainID: ChainID): readonly string[] {
    return this.#ancestry(chainID).map((one) => this.#layer(one));
  }

  #ancestry(chainID: ChainID): readonly ChainID[] {
    const chain: ChainID[] = [];
    for (let at: ChainID | undefined = chainID; at !== undefined; at = this.#committed.get(at)?.parent)
      chain.push(at);
    return chain;
  }

  #requireActive(key: string): SnapshotRecord {
    const record = this.#active.get(key);
    if (record) return record;
    throw new EngineError("not-found", `No such active snapshot: ${key}`, { subject: key });
  }

  #requireCommitted(chainID: ChainID): SnapshotRecord {
    const record = this.#committed.get(chainID);
    if (record) return record;
    throw new EngineError("not-found", `No such snapshot: ${chainID}`, { subject: chainID });
  }

  #home(key: string): string {
    return join(this.#directory, "active", key);
  }

  #place(chainID: ChainID): string {
    return join(this.#directory, "committed", hexOf(chainID));
  }

  #layer(chainID: ChainID): string {
    return join(this.#place(chainID), "fs");
  }

  #temporary(): string {
    return join(this.#directory, "tmp", randomBytes(8).toString("hex"));
  }
}
