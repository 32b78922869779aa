import { isKind } from "../base/index.ts";
import type { Client } from "../client/index.ts";
import type { ContainerStatus, ContainerSummary, MountPoint, NetworkInspect, Volume } from "../wire/index.ts";
import { label, projectFilter } from "./labels.ts";

/** A container of the project as it is. */
export interface ObservedContainer {
  readonly id: string;
  readonly name: string;
  readonly service: string;
  readonly number: number;
  readonly oneoff: boolean;
  readonly state: ContainerStatus;
  readonly hash: string | undefined;
  /** ID of the image that it was made from. */
  readonly imageID: string;
  /** IDs of its networks, by name. */
  readonly networks: ReadonlyMap<string, string>;
  readonly mounts: readonly MountPoint[];
  /** Unix seconds. */
  readonly created: number;
  readonly labels: Readonly<Record<string, string>>;
}

export interface ObservedImage {
  readonly id: string;
  readonly healthcheck: boolean;
}

/** One snapshot of everything that a plan for a project looks at. */
export interface Observed {
  readonly containers: readonly ObservedContainer[];
  /** All networks of the engine, by name. */
  readonly networks: ReadonlyMap<string, NetworkInspect>;
  /** All volumes of the engine, by name. */
  readonly volumes: ReadonlyMap<string, Volume>;
  /** The images asked for, by the name asked; missing ones are not in it. */
  readonly images: ReadonlyMap<string, ObservedImage>;
}

/** The parts of the client that observing needs. */
export interface Observable {
  readonly containers: Pick<Client["containers"], "list">;
  readonly networks: Pick<Client["networks"], "list">;
  readonly volumes: Pick<Client["volumes"], "list">;
  readonly images: Pick<Client["images"], "inspect">;
}

export interface ObserveOptions {
  readonly project: string;
  /** References of images to look up. */
  readonly images?: Iterable<string>;
  readonly signal?: AbortSignal | undefined;
}

/** Takes the snapshot. */
export async function observe(client: Observable, options: ObserveOptions): Promise<Observed> {
  const { signal } = options;
  const [containers, networks, volumes, images] = await Promise.all([
    listContainers(client, options.project, signal),
    client.networks.list({ signal }),
    client.volumes.list({ signal }),
    observeImages(client, options.images ?? [], signal),
  ]);
  return {
    containers,
    networks: new Map(networks.map((network) => [network.Name, network])),
    volumes: new Map((volumes.Volumes ?? []).map((volume) => [volume.Name, volume])),
    images,
  };
}

/** The containers of a project, one-off ones included, stopped ones too. */
export async function listContainers(
  client: Pick<Observable, "containers">,
  project: string,
  signal?: AbortSignal,
): Promise<ObservedContainer[]> {
  const found = await client.containers.list({ all: true, filters: projectFilter(project), signal });
  return found.map(observed).sort(byServiceAndNumber);
}

/** Those of `references` that the engine has. */
export async function observeImages(
  client: Pick<Observable, "images">,
  references: Iterable<string>,
  signal?: AbortSignal,
): Promise<Map<string, ObservedImage>> {
  const found = await Promise.all(
    [...new Set(references)].map(async (reference) => {
      const image = await findImage(client, reference, signal);
      return image === undefined ? [] : [[reference, image] as const];
    }),
  );
  return new Map(found.flat());
}

async function findImage(
  client: Pick<Observable, "images">,
  reference: string,
  signal: AbortSignal | undefined,
): Promise<ObservedImage | undefined> {
  try {
    const { Id, Config } = await client.images.inspect(reference, { signal });
    const test = Config?.Healthcheck?.Test ?? [];
    return { id: Id, healthcheck: test.length > 0 && test[0] !== "NONE" };
  } catch (error) {
    if (isKind(error, "not-found")) return undefined;
    throw error;
  }
}

function observed(summary: ContainerSummary): ObservedContainer {
  const labels = summary.Labels ?? {};
  return {
    id: summary.Id,
    name: (summary.Names[0] ?? "").replace(/^\//, ""),
    service: labels[label.service] ?? "",
    number: Number(labels[label.number] ?? 0),
    oneoff: labels[label.oneoff] === "True",
    state: summary.State,
    hash: labels[label.hash],
    imageID: labels[label.image] ?? summary.ImageID,
    networks: new Map(
      Object.entries(summary.NetworkSettings?.Networks ?? {}).map(([name, at]) => [name, at.NetworkID ?? ""]),
    ),
    mounts: summary.Mounts ?? [],
    created: summary.Created,
    labels,
  };
}

function byServiceAndNumber(a: ObservedContainer, b: ObservedContainer): number {
  if (a.service !== b.service) return a.service < b.service ? -1 : 1;
  return a.number - b.number || a.created - b.created;
}
