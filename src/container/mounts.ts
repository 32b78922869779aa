import { mkdir } from "node:fs/promises";
import { EngineError } from "../base/index.ts";
import type { ContainerConfig, HostConfig } from "../wire/index.ts";
import { parseBind } from "./binds.ts";
import type { Collaborators } from "./collaborators.ts";
import { announceVolume } from "./facts.ts";
import { parseMount } from "./parse-mount.ts";
import { parseTmpfs } from "./parse-tmpfs.ts";
import { namedInRequest, otherContainer } from "./references.ts";
import type { MountRecord } from "./types.ts";
import type { WantedMount } from "./wanted-mount.ts";

type Needs = Pick<Collaborators, "store" | "volumes" | "announce" | "images" | "snapshots" | "runtime">;

/** What was made on the way, to be taken back when a later step fails. */
interface Made {
  readonly volumes: string[];
  readonly snapshots: string[];
}

/**
 * Decides the mounts of a container: `--mount`, `-v`, `--tmpfs`, `--volumes-from`, then the image's volumes on
 * what is left. Volumes and writable layers on images are made; on failure the layers and the anonymous volumes made
 * here are removed again.
 */
export async function resolveMounts(
  needs: Needs,
  id: string,
  { config, host }: { readonly config: ContainerConfig; readonly host: HostConfig },
): Promise<MountRecord[]> {
  const wanted = wantedMounts(host);
  const taken = new Set(wanted.map((mount) => mount.destination));
  const inherited = (host.VolumesFrom ?? [])
    .flatMap((text) => fromContainer(needs, text))
    .filter((mount) => !taken.has(mount.destination));
  for (const mount of inherited) taken.add(mount.destination);
  const driver = host.VolumeDriver ? { driver: host.VolumeDriver } : {};
  const declared = Object.keys(config.Volumes ?? {})
    .map((text) => ({ ...parseBind(text), ...driver }))
    .filter((mount) => !taken.has(mount.destination));
  const made: Made = { volumes: [], snapshots: [] };
  try {
    const own: MountRecord[] = [];
    for (const mount of [...wanted, ...declared]) own.push(await settle(needs, id, { wanted: mount, made }));
    return [...inherited, ...own];
  } catch (error) {
    for (const name of made.volumes) await needs.volumes.remove(name, { usedBy: [] }).catch(() => {});
    for (const key of made.snapshots) await needs.snapshots.remove(key).catch(() => {});
    throw error;
  }
}

/** What the host config asks for, without image volumes; throws `invalid`, also for two mounts at one place. Pure. */
export function wantedMounts(host: HostConfig): WantedMount[] {
  const all = [
    ...(host.Mounts ?? []).map(parseMount),
    ...(host.Binds ?? []).map(parseBind).map((mount) => withDriver(mount, host.VolumeDriver)),
    ...Object.entries(host.Tmpfs ?? {}).map(([path, words]) => parseTmpfs(path, words)),
  ];
  const seen = new Set<string>();
  for (const { destination } of all) {
    if (seen.has(destination)) {
      throw new EngineError("invalid", `Duplicate mount point: ${destination}`, { subject: destination });
    }
    seen.add(destination);
  }
  return all;
}

function withDriver(mount: WantedMount, driver: string | undefined): WantedMount {
  return driver && mount.type === "volume" ? { ...mount, driver } : mount;
}

async function settle(
  needs: Needs,
  id: string,
  { wanted, made }: { readonly wanted: WantedMount; readonly made: Made },
): Promise<MountRecord> {
  const common = {
    destination: wanted.destination,
    mode: wanted.mode,
    writable: wanted.writable,
    propagation: wanted.propagation,
  };
  switch (wanted.type) {
    case "tmpfs":
      return { ...common, type: "tmpfs", source: "", options: wanted.options ?? [] };
    case "bind":
      await checkBindSource(needs, wanted);
      return {
        ...common,
        type: "bind",
        source: wanted.source,
        propagation: wanted.propagation || "rprivate",
        ...(wanted.nonRecursive ? { nonRecursive: true } : {}),
        ...(wanted.shallowReadOnly ? { shallowReadOnly: true } : {}),
        ...(wanted.createSource ? { createSource: true } : {}),
      };
    case "volume":
      return { ...common, ...(await settleVolume(needs, wanted, made.volumes)) };
    case "image":
      return { ...common, ...(await settleImage(needs, id, { wanted, made: made.snapshots })) };
  }
}

/** A layer of the container's own on the image: what it writes there stays as long as it does. */
async function settleImage(
  needs: Needs,
  id: string,
  { wanted, made }: { readonly wanted: WantedMount; readonly made: string[] },
) {
  const image = namedInRequest(() => needs.images.get(wanted.source));
  const snapshot = imageSnapshotKey(id, made.length);
  await needs.snapshots.prepare(snapshot, image.chainID);
  made.push(snapshot);
  return {
    type: "image" as const,
    source: wanted.source,
    image: { id: image.id, snapshot },
    ...(wanted.subpath ? { subpath: wanted.subpath } : {}),
  };
}

/** The key of the writable layer on the image that a container mounts as its `number`th. */
function imageSnapshotKey(id: string, number: number): string {
  return `${id}.image-${number}`;
}

/** The container that an active snapshot belongs to. */
export function ownerOfSnapshot(key: string): string {
  return key.split(".")[0] ?? key;
}

/** The keys of the snapshots that a container has beside its own. */
export function imageSnapshots(mounts: readonly MountRecord[]): string[] {
  return mounts.flatMap(({ image }) => (image ? [image.snapshot] : []));
}

async function settleVolume(needs: Needs, wanted: WantedMount, made: string[]) {
  const result = await needs.volumes.create({
    ...(wanted.source ? { name: wanted.source } : {}),
    ...(wanted.driver ? { driver: wanted.driver } : {}),
    ...(wanted.labels ? { labels: wanted.labels } : {}),
    ...(wanted.driverOptions ? { options: wanted.driverOptions } : {}),
    provisional: !wanted.source,
  });
  const { name } = result.volume;
  if (result.made) {
    if (result.volume.anonymous) made.push(name);
    announceVolume(needs.announce, "create", result.volume);
  }
  return {
    type: "volume" as const,
    name,
    source: needs.volumes.path(name),
    ...(wanted.noCopy ? { noCopy: true } : {}),
    ...(wanted.subpath ? { subpath: wanted.subpath } : {}),
  };
}

/** Before a start: the sources of binds may have gone since the create. Throws `invalid` as create does. */
export async function ensureBindSources(
  needs: Pick<Collaborators, "runtime">,
  mounts: readonly MountRecord[],
): Promise<void> {
  for (const mount of mounts) {
    const { source, createSource = false } = mount;
    if (mount.type === "bind") await checkBindSource(needs, { source, createSource });
  }
}

async function checkBindSource(
  needs: Pick<Collaborators, "runtime">,
  wanted: Pick<WantedMount, "source" | "createSource">,
): Promise<void> {
  if (await needs.runtime.lookAt(wanted.source)) return;
  if (!wanted.createSource) {
    throw new EngineError(
      "invalid",
      `invalid mount config for type "bind": bind source path does not exist: ${wanted.source}`,
      { subject: wanted.source },
    );
  }
  await makeSource(wanted.source);
}

async function makeSource(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    throw new EngineError("internal", `error while creating mount source path '${path}'`, {
      subject: path,
      cause: error,
    });
  }
}

function fromContainer(needs: Needs, text: string): MountRecord[] {
  const [reference = "", mode = "rw"] = text.split(":");
  if (mode !== "ro" && mode !== "rw" && mode !== "z" && mode !== "Z") {
    throw new EngineError("invalid", `invalid mode: ${mode}`, { subject: text });
  }
  return otherContainer(needs.store, reference)
    .mounts.filter((mount) => mount.type === "bind" || mount.type === "volume")
    .map((mount) => ({ ...mount, writable: mount.writable && mode !== "ro", noCopy: true }));
}
