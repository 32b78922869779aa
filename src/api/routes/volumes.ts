import { isKind } from "../../base/index.ts";
import { type Announce, announceVolume, type ContainerStore, volumeUsers } from "../../container/index.ts";
import type { Volume, VolumeService } from "../../volume/index.ts";
import {
  type Filters,
  parseFilters,
  type VolumeCreateRequest,
  type VolumeListResponse,
  type Volume as VolumeShape,
} from "../../wire/index.ts";
import { type Call, empty, json, type Reply, readOptionalJson } from "../call.ts";
import { type Decoder, map, partial, text } from "../decode.ts";
import { booleanFilter, checkKeys, matchesAny, matchesLabels, pruneFilter } from "../filter.ts";
import { boolean } from "../query.ts";
import { type Route, route } from "../routes.ts";

export interface VolumeRoutesNeeds {
  readonly volumes: VolumeService;
  readonly store: Pick<ContainerStore, "list">;
  readonly announce: Announce;
}

const createBody: Decoder<VolumeCreateRequest> = partial<VolumeCreateRequest>({
  Name: text,
  Driver: text,
  DriverOpts: map(text),
  Labels: map(text),
});

/** Volumes: list, create, inspect, remove, prune. */
export function volumeRoutes(needs: VolumeRoutesNeeds): Route[] {
  return [
    route("GET", "/volumes", (call) => list(needs, call)),
    route("POST", "/volumes/create", (call) => create(needs, call)),
    route("POST", "/volumes/prune", (call) => prune(needs, call)),
    route("GET", "/volumes/{name...}", (call) =>
      json(volumeShape(needs.volumes, needs.volumes.get(call.params.name ?? ""))),
    ),
    route("DELETE", "/volumes/{name...}", (call) => remove(needs, call)),
  ];
}

/** A volume as the API shows it. */
export function volumeShape(volumes: Pick<VolumeService, "path">, volume: Volume): VolumeShape {
  return {
    CreatedAt: volume.created,
    Driver: volume.driver,
    Labels: Object.keys(volume.labels).length > 0 ? { ...volume.labels } : null,
    Mountpoint: volumes.path(volume.name),
    Name: volume.name,
    Options: Object.keys(volume.options).length > 0 ? { ...volume.options } : null,
    Scope: "local",
  };
}

function list(needs: VolumeRoutesNeeds, call: Call): Reply {
  const filters = parseFilters(call.query.get("filters") ?? undefined);
  const body: VolumeListResponse = {
    Volumes: filterVolumes(needs, filters).map((volume) => volumeShape(needs.volumes, volume)),
    Warnings: null,
  };
  return json(body);
}

function filterVolumes(needs: VolumeRoutesNeeds, filters: Filters): Volume[] {
  checkKeys(filters, ["dangling", "driver", "label", "name"]);
  const dangling = booleanFilter(filters, "dangling");
  const values = (key: string): readonly string[] => filters.get(key) ?? [];
  const records = needs.store.list();
  return needs.volumes.list().filter((volume) => {
    const unused = volumeUsers(records, volume.name).length === 0;
    return (
      (dangling === undefined || dangling === unused) &&
      (values("driver").length === 0 || values("driver").includes(volume.driver)) &&
      (values("name").length === 0 || matchesAny(values("name"), (value) => volume.name.includes(value))) &&
      matchesLabels(volume.labels, values("label"))
    );
  });
}

async function create(needs: VolumeRoutesNeeds, call: Call): Promise<Reply> {
  const body = await readOptionalJson(call, createBody);
  const { volume, made } = await needs.volumes.create({
    ...(body.Name ? { name: body.Name } : {}),
    ...(body.Driver ? { driver: body.Driver } : {}),
    labels: body.Labels ?? {},
    options: body.DriverOpts ?? {},
  });
  if (made) announceVolume(needs.announce, "create", volume);
  return json(volumeShape(needs.volumes, volume), 201);
}

async function remove(needs: VolumeRoutesNeeds, call: Call): Promise<Reply> {
  const name = call.params.name ?? "";
  const force = boolean(call.query, "force");
  const volume = needs.volumes.find(name);
  try {
    await needs.volumes.remove(name, { usedBy: volumeUsers(needs.store.list(), name) });
  } catch (error) {
    if (!force || !isKind(error, "not-found")) throw error;
  }
  if (volume) announceVolume(needs.announce, "destroy", volume);
  return empty();
}

async function prune(needs: VolumeRoutesNeeds, call: Call): Promise<Reply> {
  const filters = parseFilters(call.query.get("filters") ?? undefined);
  checkKeys(filters, ["label", "label!", "all"]);
  // Until 1.42 a prune took named volumes too.
  const all = booleanFilter(filters, "all") ?? call.version < 142;
  const matches = pruneFilter(filters);
  const removed: string[] = [];
  let bytes = 0;
  for (const volume of needs.volumes.list()) {
    const inUse = volumeUsers(needs.store.list(), volume.name).length > 0;
    if (inUse || !(all || volume.anonymous) || !matches(volume)) continue;
    bytes += await needs.volumes.usage(volume.name);
    await needs.volumes.remove(volume.name, { usedBy: [] });
    announceVolume(needs.announce, "destroy", volume);
    removed.push(volume.name);
  }
  needs.announce({ type: "volume", action: "prune", id: "", attributes: { reclaimed: String(bytes) } });
  return json({ VolumesDeleted: removed.length > 0 ? removed : null, SpaceReclaimed: bytes });
}
