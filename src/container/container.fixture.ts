import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { digestOf, EngineError, type LogPosition, noStep, silentLogger } from "../base/index.ts";
import type { Image } from "../image/index.ts";
import type { NetworkService, Sandbox, SandboxRequest } from "../network/index.ts";
import { openRecords } from "../records/index.ts";
import type { AttachStream, ExitStatus, Runtime, Task, TaskConfig } from "../runtime/index.ts";
import type { Snapshotter } from "../snapshot/index.ts";
import { Discards } from "../sys/index.ts";
import { openVolumeService } from "../volume/index.ts";
import type { Collaborators } from "./collaborators.ts";
import { everyLimit } from "./limit-support.fixture.ts";
import { defaultLogs } from "./log-config.ts";
import { createContainerService } from "./service.ts";
import { ContainerStore } from "./store.ts";
import type { Fact } from "./types.ts";

/** Stands in for a collaborator of which a test uses a part; anything else is a bug of the test. */
function fake<T extends object>(part: Partial<T>): T {
  return part as T;
}

/** A task without processes: tests end it, and see what was asked of it. */
export class FakeTask implements Task {
  readonly id: string;
  pid = 0;
  readonly asked: string[] = [];
  readonly #exit = Promise.withResolvers<ExitStatus>();
  readonly exited = this.#exit.promise;
  /** Thrown by `start`. */
  failure: Error | undefined;
  /** Signals that end it at once. */
  deadly: readonly number[] = [9, 15];

  constructor(id: string) {
    this.id = id;
  }

  async start(): Promise<void> {
    this.asked.push("start");
    if (this.failure) throw this.failure;
    this.pid = 4242;
  }

  end(code: number): void {
    this.#exit.resolve({ code, oomKilled: false, exitedAt: new Date().toISOString() });
  }

  async follow(position: LogPosition): Promise<{ position: LogPosition; output: AttachStream }> {
    return { position, output: await this.attach() };
  }

  async attach(): Promise<AttachStream> {
    this.asked.push("attach");
    return new PassThrough() as unknown as AttachStream;
  }

  async signal(number: number): Promise<void> {
    this.asked.push(`signal ${number}`);
    if (this.deadly.includes(number)) this.end(128 + number);
  }

  async pause(): Promise<void> {
    this.asked.push("pause");
  }

  async resume(): Promise<void> {
    this.asked.push("resume");
  }

  async resize(): Promise<void> {}

  async update(): Promise<void> {
    this.asked.push("update");
  }

  async exec(): Promise<never> {
    throw new Error("no execs here");
  }

  async destroy(): Promise<void> {
    this.asked.push("destroy");
  }

  async abandon(): Promise<void> {
    this.asked.push("abandon");
    this.end(137);
  }
}

/** A host that grants nothing but limits. */
const poorHost: Collaborators["abilities"] = {
  boundingCapabilities: new Set(),
  hardLimits: new Map(),
  canRaiseLimits: false,
  cgroup: "v1",
  seccomp: false,
  limits: everyLimit,
};

/** A world for containers on a temporary directory, with fakes for kernel and store. */
export async function openWorld() {
  const root = mkdtempSync(join(tmpdir(), "gantry-container-"));
  const records = openRecords(join(root, "records.db"));
  const tree = join(root, "tree");
  mkdirSync(join(tree, "etc"), { recursive: true });
  writeFileSync(join(tree, "etc/passwd"), "root:x:0:0::/root:/bin/sh\n");
  const facts: Fact[] = [];
  const tasks: FakeTask[] = [];
  const sandboxes = new Map<string, Sandbox>();
  const snapshots = new Set<string>();
  const plan: Plan = { onCreate: () => {}, recovered: new Map() };
  const image = fake<Image>({
    id: digestOf("image"),
    chainID: digestOf("chain"),
    config: {
      os: "linux",
      architecture: "amd64",
      config: { Cmd: ["sleep"] },
      rootfs: { type: "layers", diff_ids: [] },
    },
  });
  const needs: Collaborators = {
    store: new ContainerStore(records),
    images: fake<Collaborators["images"]>({
      get: (name) => {
        if (name === "busybox") return image;
        throw new EngineError("not-found", `No such image: ${name}:latest`, { subject: name });
      },
    }),
    snapshots: fakeSnapshots(snapshots, tree),
    layers: emptyLayers(),
    volumes: await openVolumeService({ directory: join(root, "volumes"), records }),
    network: fakeNetwork(sandboxes),
    runtime: fakeRuntime(plan, tasks),
    discards: new Discards(() => {}),
    abilities: poorHost,
    announce: (fact) => facts.push(fact),
    log: silentLogger,
    step: noStep,
    paths: { containers: join(root, "containers"), tasks: join(root, "tasks") },
    cgroupParent: "/test",
    initPath: "/init",
    logs: defaultLogs,
  };
  return {
    needs,
    plan,
    tasks,
    sandboxes,
    snapshots,
    facts,
    containers: createContainerService(needs),
    /** A second engine on the same records. */
    again: () => createContainerService({ ...needs, store: new ContainerStore(records) }),
    /** What is there once everything removed is deleted. */
    leftovers: async () => {
      await needs.discards.drain();
      return [
        ...sandboxes.keys(),
        ...snapshots,
        ...(existsSync(needs.paths.containers)
          ? [...new Bun.Glob("*").scanSync({ cwd: needs.paths.containers, onlyFiles: false })]
          : []),
      ];
    },
    [Symbol.dispose]: () => {
      records[Symbol.dispose]();
      // It gives up, and says nothing, where a deletion behind it takes something away first.
      for (let tries = 0; tries < 100 && existsSync(root); tries++)
        rmSync(root, { recursive: true, force: true });
    },
  };
}

/** Images that hold no file at all. */
function emptyLayers(): Collaborators["layers"] {
  return fake<Collaborators["layers"]>({
    apply: async (source) => {
      for await (const _chunk of source) break;
      return { diffID: digestOf(""), size: 0 };
    },
    // biome-ignore lint/correctness/useYield: it fails before its first byte
    pack: async function* (_mounts, path) {
      throw new EngineError("not-found", "no such file", { subject: path });
    },
  });
}

/** What tests say of the tasks to come. */
interface Plan {
  onCreate: (task: FakeTask) => void;
  readonly recovered: Map<string, Awaited<ReturnType<Runtime["recover"]>>>;
}

function fakeRuntime(plan: Plan, tasks: FakeTask[]): Runtime {
  return fake<Runtime>({
    available: new Map([["crun", "/usr/bin/crun"]]),
    defaultName: "crun",
    expectProcess: () => {},
    create: async (config: TaskConfig) => {
      const task = new FakeTask(config.id);
      plan.onCreate(task);
      tasks.push(task);
      return task;
    },
    recover: async (id) => plan.recovered.get(id),
    sweep: async () => {},
    lookAt: async (path) => existsSync(path),
    removeBundle: async (bundle) => rmSync(bundle, { recursive: true, force: true }),
  });
}

function fakeSnapshots(held: Set<string>, tree: string): Snapshotter {
  return fake<Snapshotter>({
    prepare: async (key) => {
      held.add(key);
      return [];
    },
    mounts: async () => [{ type: "bind", source: tree, options: [] }],
    upperDirectory: async () => tree,
    remove: async (key) => void held.delete(key),
    hold: () => ({ [Symbol.dispose]: () => {} }),
    listActive: async () => [...held].map((key) => ({ key, parent: undefined })),
  });
}

function fakeNetwork(sandboxes: Map<string, Sandbox>): NetworkService {
  return fake<NetworkService>({
    get: (name) => {
      if (name === "nosuch")
        throw new EngineError("not-found", `network ${name} not found`, { subject: name });
      return {
        id: digestOf(name).slice(7),
        name,
        driver: "bridge",
        created: "",
        internal: false,
        attachable: false,
        subnet: "10.0.0.0/24",
        gateway: "10.0.0.1",
        userSubnet: false,
        bridge: "b0",
        options: {},
        labels: {},
      };
    },
    list: () => [],
    openSandbox: async (request: SandboxRequest) => {
      const sandbox = {
        id: request.id,
        path: "/netns/x",
        endpoints: [],
        ports: [],
        resolvConf: "nameserver 1.1.1.1\n",
      };
      sandboxes.set(request.id, sandbox);
      return sandbox;
    },
    closeSandbox: async (id) => void sandboxes.delete(id),
    findSandbox: (id) => sandboxes.get(id),
  });
}
