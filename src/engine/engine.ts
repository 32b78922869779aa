import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { EngineError, type Logger, messageOf, noStep } from "../base/index.ts";
import { type Budget, ImageUses } from "../budget/index.ts";
import { type Builder, createBuilder } from "../build/index.ts";
import {
  type ContainerPaths,
  type ContainerService,
  ContainerStore,
  createContainerService,
  defaultLogs,
} from "../container/index.ts";
import { openContentStore } from "../content/index.ts";
import { createImageService, type ImageService } from "../image/index.ts";
import { createLayerTools, type LayerTools } from "../layer/index.ts";
import { type NetworkService, openNetworkService } from "../network/index.ts";
import { openRecords, type Records } from "../records/index.ts";
import { createRegistryClient, type RegistryClient } from "../registry/index.ts";
import { type HostAbilities, openRuntime, type Runtime, readHostAbilities } from "../runtime/index.ts";
import { openOverlaySnapshotter, type Snapshotter } from "../snapshot/index.ts";
import { Discards, hasCode, lockFile, removeTree } from "../sys/index.ts";
import { openVolumeService, type VolumeService } from "../volume/index.ts";
import { createCollector } from "./collect.ts";
import { EventHub } from "./events.ts";
import { type HostFacts, readHostFacts } from "./host-facts.ts";
import { type Identity, writeIdentity } from "./identity.ts";
import { createImageTools, type ImageTools } from "./image-tools.ts";
import { keepHouse, notingUses } from "./keep-house.ts";
import { cgroupParent, checkPrefix, type EngineOptions, placesOf } from "./options.ts";

/** Where the native parts are built. */
const nativeDirectory = join(import.meta.dir, "../../build");

/** A running engine: its services, wired. It serves nothing yet; `api/` does. */
export interface Engine {
  readonly options: EngineOptions;
  readonly identity: Identity;
  readonly host: HostFacts;
  readonly abilities: HostAbilities;
  readonly containers: ContainerService;
  readonly images: ImageService;
  readonly snapshots: Snapshotter;
  readonly layers: LayerTools;
  readonly network: NetworkService;
  readonly volumes: VolumeService;
  readonly runtime: Runtime;
  readonly builder: Builder;
  readonly registries: RegistryClient;
  readonly imageTools: ImageTools;
  readonly events: EventHub;
  readonly log: Logger;
  readonly paths: ContainerPaths;
  readonly budget: Budget;
  /** Frees blobs and layers that nothing needs any more, and evicts what the disk budget has no room for. */
  collect(): Promise<{ bytes: number }>;
  /** Lets go of everything; containers go on running. */
  close(): Promise<void>;
}

/**
 * Builds every service on a root, finds the containers that run, resumes what a kill cut off. Throws `conflict`
 * while another engine holds the root.
 */
export async function startEngine(options: EngineOptions, log: Logger): Promise<Engine> {
  checkPrefix(options.prefix);
  const places = placesOf(options);
  await makePlaces(options);
  const lock = lockRoot(places.lock, options.root);
  try {
    await emptyTemporary(places.temporary, log);
    const identity = await writeIdentity(options);
    await writeFile(places.pid, `${process.pid}\n`);
    const records = openRecords(places.records, { step: options.step ?? noStep });
    return await assemble({ options, identity, records, lock, log });
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
}

async function makePlaces(options: EngineOptions): Promise<void> {
  await mkdir(options.root, { recursive: true, mode: 0o711 });
  await mkdir(options.runDirectory, { recursive: true, mode: 0o711 });
}

/** What an engine before this one left there is nobody's; only who holds the lock can say so. */
async function emptyTemporary(path: string, log: Logger): Promise<void> {
  await removeTree(path).catch((error: unknown) =>
    log.warn("cannot delete what an earlier engine left", { path, error: messageOf(error) }),
  );
  await mkdir(path, { recursive: true, mode: 0o700 });
}

function lockRoot(path: string, root: string): Disposable {
  try {
    return lockFile(path);
  } catch (error) {
    if (!hasCode(error, "EAGAIN", "EWOULDBLOCK")) throw error;
    throw new EngineError("conflict", `Cannot start on ${root}: another engine is using it`, {
      subject: root,
      cause: error,
    });
  }
}

interface Parts {
  readonly options: EngineOptions;
  readonly identity: Identity;
  readonly records: Records;
  readonly lock: Disposable;
  readonly log: Logger;
}

async function assemble(parts: Parts): Promise<Engine> {
  const { options, records, log } = parts;
  const places = placesOf(options);
  const stores = await openStores(parts);
  const parent = cgroupParent(options.prefix);
  const events = new EventHub();
  const containers = createContainerService({
    ...stores,
    store: new ContainerStore(records),
    announce: (fact) => events.publish(fact),
    log,
    step: options.step ?? noStep,
    paths: places,
    cgroupParent: parent,
    initPath: join(nativeDirectory, "gantry-shim"),
    logs: { ...defaultLogs, ...options.logs },
  });
  const uses = new ImageUses(records, (reference) => stores.images.find(reference)?.id);
  const builder = createBuilder({
    ...stores,
    images: notingUses(stores.images, uses),
    records,
    temporaryDirectory: places.temporary,
    cacheDirectory: places.cache,
    runDirectory: options.runDirectory,
    cgroupParent: parent,
    log,
  });
  await builder.recover();
  await recover({ ...stores, containers, builds: places.builds });
  const imageTools = createImageTools({
    ...stores,
    ...{ records, log },
    temporaryDirectory: places.temporary,
    root: options.root,
    announce: (fact) => events.publish(fact),
  });
  const holders = [builder, imageTools.holder];
  const collect = createCollector({ images: stores.images, store: containers.store, holders });
  const keeping = keepHouse({ ...stores, ...parts, containers, builder, events, uses, collect });
  return {
    ...stores,
    options,
    identity: parts.identity,
    host: await readHostFacts(options.root),
    paths: places,
    containers,
    builder,
    imageTools,
    events,
    log,
    collect: keeping.collect,
    budget: keeping.budget,
    close: async () => {
      keeping.close();
      await imageTools.registryServers.closeAll();
      containers.close();
      stores.runtime.close();
      await stores.network.close();
      await stores.discards.drain();
      records[Symbol.dispose]();
      await rm(places.pid, { force: true });
      parts.lock[Symbol.dispose]();
    },
  };
}

/** Everything that containers and builds stand on. */
async function openStores(parts: Parts) {
  const { options, records, log } = parts;
  const { runDirectory, prefix, step = noStep } = options;
  const places = placesOf(options);
  const discards = new Discards((path, error) =>
    log.warn("cannot delete what was removed", { path, error: messageOf(error) }),
  );
  const layers = createLayerTools({ helper: join(nativeDirectory, "gantry-layer") });
  const [content, snapshots, volumes, runtime, abilities, network] = await Promise.all([
    openContentStore(places.content, { step }),
    openOverlaySnapshotter(places.snapshots, { spares: 2, step, discards }),
    openVolumeService({ directory: places.volumes, records, step, discards }),
    openRuntime({
      shim: join(nativeDirectory, "gantry-shim"),
      runDirectory,
      cgroupParent: cgroupParent(prefix),
      log,
      step,
      discards,
      ...(options.patience ? { patience: { answer: options.patience, start: options.patience * 6 } } : {}),
      runtimes: options.runtimes,
    }),
    readHostAbilities(),
    openNetworkService({ records, runDirectory, prefix, log, step }),
  ]);
  await snapshots.sweep();
  const registries = createRegistryClient(options.registries, log);
  const { transfers } = options;
  const images = createImageService({ content, snapshots, layers, records, registries, transfers, step });
  const { restored, lost } = await images.recover();
  if (restored.length > 0) log.warn("unpacked images again after a power cut", { images: restored.length });
  if (lost.length > 0) log.error("removed images that a power cut has damaged", { images: lost.join(" ") });
  return { content, snapshots, volumes, runtime, abilities, network, layers, images, registries, discards };
}

/** Finds the containers that run, then their networks, then lets them go on. Builds do not survive their engine. */
async function recover(needs: {
  containers: ContainerService;
  network: NetworkService;
  runtime: Runtime;
  builds: string;
}): Promise<void> {
  const recovered = await needs.containers.recover();
  await needs.runtime.sweep(needs.builds, new Set(needs.containers.store.list().map(({ id }) => id)));
  await needs.network.restore(recovered.alive);
  await recovered.settle();
}
