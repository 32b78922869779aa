import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { EngineError, type Logger, shortID } from "../../base/index.ts";
import type { ImageService } from "../../image/index.ts";
import type { NetworkService } from "../../network/index.ts";
import type { HostAbilities, Runtime, Task, TaskConfig } from "../../runtime/index.ts";
import { removeMountStubs, type Snapshotter } from "../../snapshot/index.ts";
import { removeTree } from "../../sys/index.ts";
import { cacheKey, type MadeLayer } from "../cache/index.ts";
import { DockerfileError, type RunVertex } from "../dockerfile/index.ts";
import { lookTree } from "../tree/index.ts";
import { type ActiveSnapshot, openActive } from "./active-snapshot.ts";
import { CommandError } from "./command-error.ts";
import { lookupUser } from "./lookup-user.ts";
import { reportOutput } from "./output.ts";
import { type MountNeeds, type MountTrees, mountKeys, openMounts } from "./run-mounts.ts";
import { openRunNetwork } from "./run-network.ts";
import { runSpec } from "./run-spec.ts";
import type { BuildSession, Op, Tree } from "./types.ts";

export interface RunNeeds extends MountNeeds {
  readonly images: Pick<ImageService, "commitLayer">;
  readonly snapshots: Pick<Snapshotter, "prepare" | "remove" | "view" | "changes">;
  readonly runtime: Pick<Runtime, "create">;
  readonly network: Pick<NetworkService, "get" | "openSandbox" | "closeSandbox">;
  readonly abilities: HostAbilities;
  readonly log: Logger;
  /** Directory that holds the bundles of steps. */
  readonly bundles: string;
  readonly cgroupParent: string;
  readonly session: BuildSession;
}

type Report = (text: string) => void;

/** RUN: one container on the input tree, whose changes become a layer. */
export function runOp(needs: RunNeeds, vertex: RunVertex, input: Tree, trees: MountTrees): Op {
  return {
    async key(signal) {
      const { args, env, cwd, user, script } = vertex;
      const { extraHosts, shmSize } = needs.session;
      const mounts = await mountKeys(needs, vertex, trees, signal);
      const mode = networkMode(needs, vertex);
      return cacheKey("run", input.chainID, args, env, cwd, user, script, mounts, mode, extraHosts, shmSize);
    },
    run: (report, signal) => runStep(needs, vertex, { input, trees, report, signal }),
  };
}

function networkMode(needs: Pick<RunNeeds, "session">, vertex: RunVertex): string {
  const { network } = needs.session;
  if (vertex.network === "default") return network;
  if (vertex.network === "host" && network !== "host") {
    throw new DockerfileError("network.host is not allowed", vertex.place, {
      hint: "Build with --network host to let steps use the host's network.",
    });
  }
  return vertex.network;
}

interface Step {
  readonly input: Tree;
  readonly trees: MountTrees;
  readonly report: Report;
  readonly signal: AbortSignal;
}

async function runStep(needs: RunNeeds, vertex: RunVertex, step: Step): Promise<MadeLayer> {
  const { input, report } = step;
  await using active = await openActive(needs.snapshots, input.chainID);
  report(` ---> Running in ${shortID(active.id)}\n`);
  const destinations = await runContainer(needs, vertex, active, step);
  await removeStubs(needs, active, input, destinations);
  const made = await needs.images.commitLayer(active.key, input.chainID);
  report(` ---> Removed intermediate container ${shortID(active.id)}\n`);
  return made;
}

/** Runs the command to its end; returns where things were mounted. Everything but the tree is gone afterwards. */
async function runContainer(
  needs: RunNeeds,
  vertex: RunVertex,
  active: ActiveSnapshot,
  { trees, report, signal }: Step,
): Promise<string[]> {
  const { id, mounts: rootfs } = active;
  await using cleanup = new AsyncDisposableStack();
  const held = cleanup.use(new DisposableStack());
  const directory = join(needs.session.directory, id);
  const bundle = join(needs.bundles, id);
  cleanup.defer(() => removeTree(directory));
  cleanup.defer(() => removeTree(bundle));
  await mkdir(directory);
  const user = await lookupUser(vertex.user, rootfs);
  const mounts = await openMounts(needs, vertex, { trees, directory, held, signal });
  const mode = networkMode(needs, vertex);
  const { extraHosts, hiddenEnv, shmSize } = needs.session;
  const network = cleanup.use(await openRunNetwork(needs.network, { id, mode, directory, extraHosts }));
  const { spec, warnings } = runSpec(vertex, {
    id,
    bundle,
    user,
    hiddenEnv,
    mounts: [...network.mounts, ...mounts],
    network: network.namespace,
    shmSize,
    cgroupParent: needs.cgroupParent,
    abilities: needs.abilities,
  });
  for (const warning of warnings) needs.log.debug(warning, { build: id });
  signal.throwIfAborted();
  const log = { driver: "none" as const, directory: join(directory, "log"), maxBytes: 0, maxFiles: 1 };
  const config = { id, bundle, spec, rootfs, tty: false, openStdin: false, stdinOnce: false, log };
  const code = await runTask(needs.runtime, config, { report, signal });
  if (code !== 0) throw new CommandError(vertex.args, code);
  return spec.mounts.map(({ destination }) => destination);
}

async function runTask(
  runtime: Pick<Runtime, "create">,
  config: TaskConfig,
  { report, signal }: Pick<Step, "report" | "signal">,
): Promise<number> {
  const task = await runtime.create(config);
  await using _task = { [Symbol.asyncDispose]: () => task.destroy() };
  const stream = await task.attach({ stdin: false, from: "start" });
  const output = reportOutput(stream, report);
  const stop = () => void task.destroy().catch(() => {});
  signal.addEventListener("abort", stop, { once: true });
  try {
    signal.throwIfAborted();
    const status = await startAndWait(task);
    signal.throwIfAborted();
    await output;
    return status;
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener("abort", stop);
    stream.destroy();
    await output.catch(() => {});
  }
}

const startCodes: Readonly<Record<string, number>> = { "command-not-found": 127, "not-executable": 126 };

/** The exit code; a command that cannot be started fails with the runtime's words. */
async function startAndWait(task: Task): Promise<number> {
  try {
    await task.start();
  } catch (error) {
    const code = error instanceof EngineError ? startCodes[error.subject] : undefined;
    if (code === undefined || !(error instanceof EngineError)) throw error;
    throw new CommandError([], code, error);
  }
  return (await task.exited).code;
}

async function removeStubs(
  needs: RunNeeds,
  active: ActiveSnapshot,
  input: Tree,
  destinations: readonly string[],
): Promise<void> {
  const { directory, older } = await needs.snapshots.changes(active.key);
  const parent = input.chainID === undefined ? undefined : await needs.snapshots.view(input.chainID);
  const before = async (path: string) => parent && (await lookTree(needs.layers, parent, path));
  await removeMountStubs(directory, destinations, { before, older });
}
