import { join } from "node:path";
import type { ExtraMount } from "../runtime/index.ts";
import { bundleOf, type Collaborators, type ContainerPaths } from "./collaborators.ts";
import type { ContainerRecord, MountRecord } from "./types.ts";

type Needs = Pick<Collaborators, "snapshots" | "store" | "paths">;

/**
 * What has to be mounted beside the root file system before the runtime can bind it into the container: images, and
 * the shared memory of a container whose IPC namespace is joined.
 */
export async function extraMounts(needs: Needs, record: ContainerRecord): Promise<ExtraMount[]> {
  const images = record.mounts.map((mount) => imageMount(needs, record.id, mount));
  const found = [...(await Promise.all(images)), sharedMemory(needs, record)];
  return found.filter((mount) => mount !== undefined);
}

async function imageMount(needs: Needs, id: string, mount: MountRecord): Promise<ExtraMount | undefined> {
  if (!mount.image) return undefined;
  const [tree] = await needs.snapshots.mounts(mount.image.snapshot);
  if (!tree) return undefined;
  const target = imageTarget(needs.paths, id, mount);
  return { target, mount: tree, ...(mount.subpath ? { part: mount.subpath } : {}) };
}

/** Where the shim mounts an image for the runtime to bind it from. */
export function imageTarget(paths: ContainerPaths, id: string, mount: MountRecord): string {
  return join(bundleOf(paths, id), "mounts", mount.image?.snapshot ?? "");
}

/** Where the shim mounts the shared memory of the container whose IPC namespace is joined. */
export function sharedMemoryTarget(paths: ContainerPaths, id: string): string {
  return join(bundleOf(paths, id), "mounts", "shm");
}

function sharedMemory(needs: Needs, record: ContainerRecord): ExtraMount | undefined {
  const mode = record.hostConfig.IpcMode ?? "";
  if (!mode.startsWith("container:")) return undefined;
  const { pid } = needs.store.get(mode.slice("container:".length)).state;
  return {
    target: sharedMemoryTarget(needs.paths, record.id),
    mount: { type: "tree-of", source: `/proc/${pid}/ns/mnt`, options: ["/dev/shm"] },
  };
}
