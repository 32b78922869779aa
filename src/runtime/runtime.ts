import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { EngineError, type Logger, noStep, type Step } from "../base/index.ts";
import { Discards, warmCgroupMoves } from "../sys/index.ts";
import { removeBundle, writeBundle } from "./bundle.ts";
import { type CgroupMount, cgroupMode, parseCgroupMounts } from "./cgroup-mounts.ts";
import { readHostAbilities } from "./host.ts";
import { membersOfOwnCgroup } from "./own-cgroup.ts";
import { type Recovered, recoverTask } from "./recover.ts";
import { findRuntimes, type OciRuntime } from "./runtimes.ts";
import { SeccompCache } from "./seccomp-cache.ts";
import type { ShimConfig } from "./shim-config.ts";
import { lookAt, spawnShim } from "./shim-process.ts";
import { sweepRemains } from "./sweep.ts";
import { type Patience, ShimTask, type TaskOptions } from "./task.ts";
import type { Runtime, Task, TaskConfig } from "./types.ts";

export interface RuntimeOptions {
  /** Path of the shim binary. */
  readonly shim: string;
  /** State of the OCI runtimes is kept below; gone after a reboot. */
  readonly runDirectory: string;
  /** Absolute, such as `/gantry`: every container's cgroup is below. */
  readonly cgroupParent: string;
  readonly log: Logger;
  /** Runtimes beyond those found, name → path. */
  readonly runtimes?: Readonly<Record<string, string>>;
  /** Marks durable steps, for fault tests. */
  readonly step?: Step;
  readonly patience?: Patience | undefined;
  /** Deletes the bundles of tasks that are over. */
  readonly discards?: Discards;
}

/** Milliseconds for which moves between cgroups surely stay quick after they were asked to be. */
const expectationLasts = 5;

const defaultPatience: Patience = { answer: 10_000, start: 60_000 };

/** Finds runtimes and cgroups of this host and prepares the state directory. Starts no process. */
export async function openRuntime(options: RuntimeOptions): Promise<Runtime> {
  checkCgroupPath(options.cgroupParent);
  const stateRoot = join(options.runDirectory, "runtime");
  await mkdir(stateRoot, { recursive: true, mode: 0o700 });
  const [host, mountinfo, filters] = await Promise.all([
    readHostAbilities(),
    readFile("/proc/self/mountinfo", "utf8"),
    SeccompCache.open(join(options.runDirectory, "seccomp")),
  ]);
  const runtimes = await findRuntimes(host, options.runtimes);
  const mounts = parseCgroupMounts(mountinfo);
  const detach = await mountsToDetach(mounts);
  return new ShimRuntime({
    step: noStep,
    ...options,
    patience: options.patience ?? defaultPatience,
    discards: options.discards ?? new Discards(() => {}),
    stateRoot,
    runtimes,
    filters,
    mounts,
    detach,
  });
}

/**
 * In hybrid mode crun refuses to work beside a v2 tree that carries controllers, so the shim's child does
 * without that mount.
 */
async function mountsToDetach(mounts: readonly CgroupMount[]): Promise<string[]> {
  if (cgroupMode(mounts) !== "hybrid") return [];
  const unified = mounts.filter(({ version }) => version === 2);
  const controllers = await Promise.all(
    unified.map(({ path }) => readFile(join(path, "cgroup.controllers"), "utf8").catch(() => "")),
  );
  return unified.filter((_, index) => controllers[index]?.trim()).map(({ path }) => path);
}

/** Whatever is in a task's cgroup is killed at its end: a path must never lead to the root, where all processes are. */
function checkCgroupPath(path: string): void {
  const parts = path.split("/").slice(1);
  const plain = parts.every((part) => part !== "" && part !== "." && part !== "..");
  if (path.startsWith("/") && parts.length > 0 && plain) return;
  throw new EngineError(
    "invalid",
    `Cannot use cgroup "${path}": it must be an absolute path below the root`,
    {
      subject: path,
    },
  );
}

interface RuntimeParts {
  readonly shim: string;
  readonly cgroupParent: string;
  readonly log: Logger;
  readonly stateRoot: string;
  readonly runtimes: readonly OciRuntime[];
  readonly filters: SeccompCache;
  readonly mounts: readonly CgroupMount[];
  readonly detach: readonly string[];
  readonly step: Step;
  readonly patience: Patience;
  readonly discards: Discards;
}

class ShimRuntime implements Runtime {
  readonly available: ReadonlyMap<string, string>;
  readonly defaultName: string;
  readonly #parts: RuntimeParts;
  readonly #tasks = new Set<ShimTask>();
  #expectedAt = Number.NEGATIVE_INFINITY;
  /** The hierarchies in which a container has a directory. */
  readonly #mounts: readonly CgroupMount[];

  constructor(parts: RuntimeParts) {
    this.#parts = parts;
    this.#mounts = parts.mounts.filter(({ path }) => !parts.detach.includes(path));
    this.available = new Map(parts.runtimes.map(({ name, path }) => [name, path]));
    this.defaultName = parts.runtimes[0]?.name ?? "";
  }

  expectProcess(): void {
    const now = performance.now();
    if (now - this.#expectedAt < expectationLasts) return;
    this.#expectedAt = now;
    const members = membersOfOwnCgroup(this.#parts.mounts);
    if (members !== undefined) warmCgroupMoves(members);
  }

  async create(config: TaskConfig): Promise<Task> {
    this.expectProcess();
    const runtime = this.#runtime(config.runtime);
    const { spec, keepAt } = await this.#parts.filters.prepare(config.spec, runtime);
    writeBundle(config.bundle, spec, this.#shimConfig(config, runtime, keepAt));
    this.#parts.step("task:bundle-written");
    await spawnShim(this.#parts.shim, config.bundle, this.#parts.patience.answer);
    this.#parts.step("task:shim-spawned");
    const options = this.#taskOptions(config.id, config.bundle, config.spec.process.args[0]);
    return this.#keep((await ShimTask.connect(options)).task);
  }

  async recover(id: string, bundle: string): Promise<Recovered> {
    const found = await recoverTask(this.#taskOptions(id, bundle));
    if (found && "task" in found) this.#keep(found.task);
    return found;
  }

  async sweep(bundlesRoot: string, known: ReadonlySet<string>, alive = known): Promise<void> {
    await sweepRemains({
      bundlesRoot,
      known,
      alive,
      stateRoot: this.#parts.stateRoot,
      cgroupParent: this.#parts.cgroupParent,
      cgroupMounts: this.#mounts,
      log: this.#parts.log,
      taskOptions: (id, bundle) => this.#taskOptions(id, bundle),
    });
  }

  async lookAt(path: string): Promise<boolean> {
    return await lookAt(this.#parts.shim, path, this.#parts.patience.answer);
  }

  async removeBundle(bundle: string): Promise<void> {
    await removeBundle(bundle, this.#parts.discards);
  }

  close(): void {
    for (const task of this.#tasks) task.release();
    this.#tasks.clear();
  }

  #keep(task: ShimTask): ShimTask {
    this.#tasks.add(task);
    task.gone
      .catch((error: unknown) =>
        this.#parts.log.error("cannot clean up after a shim", { container: task.id, error }),
      )
      .finally(() => this.#tasks.delete(task));
    return task;
  }

  #runtime(name = this.defaultName): OciRuntime {
    const found = this.#parts.runtimes.find((runtime) => runtime.name === name);
    if (found) return found;
    throw new EngineError("invalid", `unknown or invalid runtime name: ${name}`, { subject: name });
  }

  #taskOptions(id: string, bundle: string, command = ""): TaskOptions {
    const { log, patience, discards } = this.#parts;
    return {
      id,
      bundle,
      shim: this.#parts.shim,
      cgroupMounts: this.#mounts,
      command,
      log,
      patience,
      discards,
    };
  }

  #shimConfig(config: TaskConfig, runtime: OciRuntime, seccompCache: string | undefined): ShimConfig {
    const cgroupsPath = config.spec.linux.cgroupsPath ?? join(this.#parts.cgroupParent, config.id);
    checkCgroupPath(cgroupsPath);
    const memory = this.#mounts.find(({ controllers }) => controllers.includes("memory"));
    const unified = this.#mounts.find(({ version }) => version === 2);
    return {
      id: config.id,
      runtime: runtime.path,
      runtimeRoot: join(this.#parts.stateRoot, runtime.name),
      runtimeDeletes: runtime.kind === "other",
      tty: config.tty,
      openStdin: config.openStdin,
      stdinOnce: config.stdinOnce,
      log: config.log,
      rootfsPath: config.spec.root.path,
      rootfs: config.rootfs,
      extraMounts: config.extraMounts ?? [],
      sharedMounts: config.spec.mounts.some(({ options }) =>
        options?.some((word) => /^r?shared$/.test(word)),
      ),
      detachMounts: this.#parts.detach,
      cgroups: this.#mounts.map(({ path }) => path + cgroupsPath),
      oomFile: memory
        ? `${memory.path}${cgroupsPath}/memory.oom_control`
        : unified && `${unified.path}${cgroupsPath}/memory.events`,
      seccompCache,
    };
  }
}
