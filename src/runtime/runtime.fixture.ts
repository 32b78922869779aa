import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newID, silentLogger } from "../base/index.ts";
import type { Mount } from "../oci/index.ts";
import {
  type AttachStream,
  buildSpec,
  type HostAbilities,
  openRuntime,
  type Runtime,
  readHostAbilities,
  type SpecInput,
  type Task,
  type TaskConfig,
} from "./index.ts";
import { findRuntimes } from "./runtimes.ts";

const repository = join(import.meta.dir, "../..");
/** The shim under test, built from the sources at hand. */
export const shimPath = join(repository, "build/gantry-shim");

/** The runtimes that can work here; the default one stands first. */
export async function usableRuntimes(): Promise<string[]> {
  const host = await readHostAbilities();
  const names = (await findRuntimes(host)).map(({ name }) => name);
  return names.filter((name) => name !== "crun" || host.cgroup !== "v2" || host.canRaiseLimits);
}

/** True when the kernel limits memory here: on v2 another hierarchy may hold the controller. */
export async function canLimitMemory(): Promise<boolean> {
  if ((await readHostAbilities()).cgroup !== "v2") return true;
  return readFileSync("/sys/fs/cgroup/cgroup.controllers", "utf8").includes("memory");
}

/** Real containers on a busybox tree, in directories and cgroups of their own; dispose removes all of it. */
export class RuntimeFixture implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), "gantry-runtime-"));
  readonly cgroupParent = `/gt${newID().slice(0, 8)}`;
  readonly tasks = join(this.directory, "run/tasks");
  readonly abilities: HostAbilities;
  #runtime: Runtime | undefined;

  private constructor(abilities: HostAbilities) {
    this.abilities = abilities;
  }

  static async open(): Promise<RuntimeFixture> {
    execFileSync("make", ["-s", "-C", join(repository, "native"), "../build/gantry-shim"]);
    const fixture = new RuntimeFixture(await readHostAbilities());
    fixture.#makeTree();
    return fixture;
  }

  get runtime(): Runtime {
    if (!this.#runtime) throw new Error("call connect first");
    return this.#runtime;
  }

  /** A new engine on the same state; the one before is forgotten without a word to its shims. */
  async connect(): Promise<Runtime> {
    this.#runtime?.close();
    this.#runtime = await openRuntime({
      shim: shimPath,
      runDirectory: join(this.directory, "run"),
      cgroupParent: this.cgroupParent,
      log: silentLogger,
    });
    return this.#runtime;
  }

  config(
    args: readonly string[],
    change: Partial<TaskConfig> & { input?: Partial<SpecInput> } = {},
  ): TaskConfig {
    const id = newID();
    const bundle = join(this.tasks, id);
    const { input, ...rest } = change;
    const { spec } = buildSpec({ ...this.input(id, args), tty: rest.tty ?? false, ...input });
    return {
      id,
      bundle,
      spec,
      rootfs: this.rootfs(id),
      tty: false,
      openStdin: false,
      stdinOnce: false,
      log: { driver: "local", directory: join(this.directory, id, "log"), maxBytes: 0, maxFiles: 1 },
      ...rest,
    };
  }

  input(id: string, args: readonly string[]): SpecInput {
    return {
      args,
      env: ["PATH=/bin"],
      cwd: "/",
      user: { uid: 0, gid: 0, additionalGids: [0] },
      tty: false,
      hostname: "box",
      rootPath: join(this.tasks, id, "rootfs"),
      readonlyRoot: false,
      mounts: [],
      network: { kind: "private" },
      pid: { kind: "private" },
      ipc: { kind: "private" },
      uts: { kind: "private" },
      cgroupNamespace: "host",
      privileged: false,
      capAdd: [],
      capDrop: [],
      seccomp: "default",
      noNewPrivileges: false,
      resources: {},
      rlimits: [],
      sysctls: {},
      devices: [],
      deviceCgroupRules: [],
      cgroupsPath: `${this.cgroupParent}/${id}`,
      host: this.abilities,
    };
  }

  rootfs(id: string): Mount[] {
    const upper = join(this.directory, id, "upper");
    const work = join(this.directory, id, "work");
    for (const path of [upper, work]) mkdirSync(path, { recursive: true });
    const options = [`lowerdir=${join(this.directory, "tree")}`, `upperdir=${upper}`, `workdir=${work}`];
    return [{ type: "overlay", source: "overlay", options }];
  }

  /** Creates, attaches from the start, starts. */
  async run(config: TaskConfig, options = { stdin: false }): Promise<{ task: Task; stream: AttachStream }> {
    const task = await this.runtime.create(config);
    const stream = await task.attach({ stdin: options.stdin, from: "start" });
    await task.start();
    return { task, stream };
  }

  /** A file of a container's cgroup, by its name on v1 and on v2. */
  cgroupFile(id: string, controller: string, names: { v1: string; v2: string }): string {
    if (this.abilities.cgroup === "v2") return `/sys/fs/cgroup${this.cgroupParent}/${id}/${names.v2}`;
    return `/sys/fs/cgroup/${controller}${this.cgroupParent}/${id}/${names.v1}`;
  }

  /** PIDs of shims on bundles of this fixture, or on one of them. */
  shims(id = ""): number[] {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => commandLine(pid).includes(`gantry-shim\0${join(this.tasks, id)}`));
  }

  /** Kills the shim of a container, and nothing else: without one it throws. */
  killShim(id: string): void {
    const [pid] = this.shims(id);
    if (id === "" || pid === undefined || pid <= 1) throw new Error(`no shim for "${id}"`);
    process.kill(pid, "SIGKILL");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const runtime = await this.connect();
    await runtime.sweep(this.tasks, new Set());
    runtime.close();
    rmSync(this.directory, { recursive: true, force: true });
  }

  #makeTree(): void {
    const tree = join(this.directory, "tree");
    for (const name of ["bin", "proc", "sys", "dev", "etc", "tmp"])
      mkdirSync(join(tree, name), { recursive: true });
    copyFileSync("/bin/busybox", join(tree, "bin/busybox"));
    const applets = execFileSync("/bin/busybox", ["--list"], { encoding: "utf8" }).trim().split("\n");
    for (const name of applets) if (name !== "busybox") symlinkSync("busybox", join(tree, "bin", name));
    writeFileSync(join(tree, "bin/not-executable"), "x", { mode: 0o644 });
  }
}

/** Everything that comes, unframed: `out` and `err` apart; with a terminal all is in `out`. */
export async function collect(stream: AttachStream, tty = false): Promise<{ out: string; err: string }> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) if (chunk instanceof Uint8Array) chunks.push(chunk);
  stream.destroy();
  const bytes = Buffer.concat(chunks);
  return tty ? { out: bytes.toString(), err: "" } : unframe(bytes);
}

export function unframe(bytes: Buffer): { out: string; err: string } {
  const parts: [Uint8Array[], Uint8Array[]] = [[], []];
  for (let at = 0; at < bytes.length; ) {
    const size = bytes.readUInt32BE(at + 4);
    parts[bytes[at] === 2 ? 1 : 0].push(bytes.subarray(at + 8, at + 8 + size));
    at += 8 + size;
  }
  const [out, err] = parts.map((chunks) => Buffer.concat(chunks).toString());
  return { out: out ?? "", err: err ?? "" };
}

/** Resolves once the text of the stream so far matches; the stream stays usable. */
export async function waitFor(stream: AttachStream, pattern: RegExp): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let seen = "";
  const onData = (chunk: Uint8Array) => {
    seen += Buffer.from(chunk).toString("latin1");
    if (pattern.test(seen)) resolve(seen);
  };
  const onEnd = () => reject(new Error(`ended before ${pattern}: ${JSON.stringify(seen)}`));
  stream.on("data", onData);
  stream.once("end", onEnd);
  try {
    return await promise;
  } finally {
    stream.off("data", onData);
    stream.off("end", onEnd);
    stream.pause();
  }
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1");
  } catch {
    return "";
  }
}
