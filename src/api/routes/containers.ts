import { isKind } from "../../base/index.ts";
import { type ContainerRecord, type ContainerService, isLive } from "../../container/index.ts";
import type { ImageService } from "../../image/index.ts";
import type { NetworkService } from "../../network/index.ts";
import type { Runtime } from "../../runtime/index.ts";
import type { Snapshotter } from "../../snapshot/index.ts";
import { parseFilters } from "../../wire/index.ts";
import { type Call, empty, json, type Reply, readJson } from "../call.ts";
import { createRequest, updateRequest } from "../container-decoder.ts";
import { filterContainers } from "../container-filter.ts";
import { adaptCreate, adaptInspect } from "../container-versions.ts";
import { checkKeys, pruneFilter } from "../filter.ts";
import { boolean, integer, string } from "../query.ts";
import { type Route, route } from "../routes.ts";
import { containerInspect } from "../shapes/container-inspect.ts";
import { liveSandbox, publishedPorts } from "../shapes/container-network.ts";
import { containerSummary } from "../shapes/container-summary.ts";

export interface ContainerRoutesNeeds {
  readonly containers: Pick<
    ContainerService,
    "store" | "execs" | "create" | "remove" | "removeLink" | "rename" | "update" | "top" | "changes" | "prune"
  >;
  readonly images: Pick<ImageService, "find">;
  readonly network: NetworkService;
  readonly runtime: Pick<Runtime, "expectProcess">;
  readonly snapshots: Pick<Snapshotter, "usage" | "mounts">;
  readonly paths: { readonly containers: string; readonly tasks: string };
}

/** Containers as things: list, create, inspect, change, remove. */
export function containerRoutes(needs: ContainerRoutesNeeds): Route[] {
  return [
    route("GET", "/containers/json", (call) => list(needs, call)),
    route("POST", "/containers/create", (call) => create(needs, call)),
    route("POST", "/containers/prune", (call) => prune(needs, call)),
    route("GET", "/containers/{id}/json", (call) => inspect(needs, call)),
    route("GET", "/containers/{id}/top", async (call) =>
      json(await needs.containers.top(idOf(call), string(call.query, "ps_args"))),
    ),
    route("GET", "/containers/{id}/changes", async (call) => {
      const changes = await needs.containers.changes(idOf(call));
      return json(changes.length > 0 ? changes : null);
    }),
    route("POST", "/containers/{id}/rename", async (call) => {
      await needs.containers.rename(idOf(call), string(call.query, "name"));
      return empty();
    }),
    route("POST", "/containers/{id}/update", async (call) => {
      const warnings = await needs.containers.update(idOf(call), await readJson(call, updateRequest));
      return json({ Warnings: warnings.length > 0 ? warnings : null });
    }),
    route("DELETE", "/containers/{name...}", async (call) => {
      const name = call.params.name ?? "";
      if (boolean(call.query, "link")) await needs.containers.removeLink(name);
      else {
        const force = boolean(call.query, "force");
        await needs.containers.remove(name, { force, volumes: boolean(call.query, "v") });
      }
      return empty();
    }),
  ];
}

function idOf(call: Call): string {
  return call.params.id ?? "";
}

async function create(needs: ContainerRoutesNeeds, call: Call): Promise<Reply> {
  const { warnings: adapted, ...asked } = adaptCreate(await readJson(call, createRequest), call.version);
  const { id, warnings } = await needs.containers.create({
    name: string(call.query, "name"),
    platform: string(call.query, "platform"),
    ...asked,
  });
  return json({ Id: id, Warnings: [...adapted, ...warnings] }, 201);
}

async function list(needs: ContainerRoutesNeeds, call: Call): Promise<Reply> {
  const { store } = needs.containers;
  const filters = parseFilters(call.query.get("filters") ?? undefined);
  const limit = integer(call.query, "limit") ?? 0;
  // A filter on the state, like a limit, looks at all containers.
  const all = boolean(call.query, "all") || limit > 0 || filters.has("status") || filters.has("exited");
  const matching = filterContainers(store.list(), filters, {
    store,
    images: needs.images,
    network: needs.network,
    health: (id) => store.health(id),
    published: (record) => publishedPorts(record, liveSandbox(needs.network, record)),
  })
    .filter((record) => all || record.state.pid > 0 || record.state.phase === "restarting")
    .sort((a, b) => (a.created < b.created ? 1 : -1));
  const shown = limit > 0 ? matching.slice(0, limit) : matching;
  const now = Date.now();
  const withSize = boolean(call.query, "size");
  const imageOf = remembered((name: string) => needs.images.find(name)?.id);
  const rows = shown.map(async (record) => ({
    ...containerSummary(record, {
      health: store.health(record.id),
      network: needs.network,
      now,
      imageNameHolds: imageNameHolds(imageOf, record),
    }),
    ...(withSize ? await sizes(needs, record) : {}),
  }));
  return json(await Promise.all(rows));
}

/** A name that moved on to another image no longer says what the container runs. */
function imageNameHolds(imageOf: (name: string) => string | undefined, record: ContainerRecord): boolean {
  const id = imageOf(record.config.Image ?? "");
  return id === undefined || id === record.image;
}

/** Hundreds of rows ask the same few questions. */
function remembered<T>(ask: (name: string) => T): (name: string) => T {
  const answers = new Map<string, { readonly value: T }>();
  return (name) => {
    const answer = answers.get(name) ?? { value: ask(name) };
    answers.set(name, answer);
    return answer.value;
  };
}

async function inspect(needs: ContainerRoutesNeeds, call: Call): Promise<Reply> {
  const { store, execs } = needs.containers;
  const record = store.get(idOf(call));
  // What `docker exec` asks first. The kernel's wait for its process takes as long as the client until the next calls.
  if (isLive(record.state)) needs.runtime.expectProcess();
  const newest = containerInspect({
    record,
    health: store.health(record.id),
    execIDs: execs.running(record.id),
    network: needs.network,
    paths: needs.paths,
    graph: await graphData(needs, record),
  });
  const shape = adaptInspect(newest, call.version);
  return json(boolean(call.query, "size") ? { ...shape, ...(await sizes(needs, record)) } : shape);
}

/** Overlay directories in Docker's words; empty while the writable layer is being removed. */
async function graphData(
  needs: ContainerRoutesNeeds,
  record: ContainerRecord,
): Promise<Record<string, string>> {
  const mounts = await needs.snapshots.mounts(record.id).catch(() => []);
  const names = { lowerdir: "LowerDir", upperdir: "UpperDir", workdir: "WorkDir" };
  const pairs = Object.entries(names).map(([option, name]) => {
    const word = mounts[0]?.options.find((candidate) => candidate.startsWith(`${option}=`));
    return [name, word?.slice(option.length + 1) ?? ""] as const;
  });
  return Object.fromEntries(pairs.filter(([, value]) => value !== ""));
}

async function sizes(
  needs: ContainerRoutesNeeds,
  record: ContainerRecord,
): Promise<{ SizeRw: number; SizeRootFs: number }> {
  const own = await needs.snapshots.usage(record.id).catch(noneWhenRemoved);
  const image = needs.images.find(record.image)?.size ?? 0;
  return { SizeRw: own.bytes, SizeRootFs: own.bytes + image };
}

/** A container whose removal has begun takes no room any more, and keeps no list from being made. */
function noneWhenRemoved(error: unknown): { readonly bytes: number } {
  if (!isKind(error, "not-found")) throw error;
  return { bytes: 0 };
}

async function prune(needs: ContainerRoutesNeeds, call: Call): Promise<Reply> {
  const filters = parseFilters(call.query.get("filters") ?? undefined);
  checkKeys(filters, ["until", "label", "label!"]);
  const matches = pruneFilter(filters);
  const { removed, bytes } = await needs.containers.prune((record) =>
    matches({ labels: record.config.Labels ?? {}, created: record.created }),
  );
  return json({ ContainersDeleted: removed.length > 0 ? removed : null, SpaceReclaimed: bytes });
}
