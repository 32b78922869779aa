import { statSync } from "node:fs";
import type { SpecMount } from "../oci/index.ts";
import type { ContainerPaths } from "./collaborators.ts";
import { imageTarget } from "./extra-mounts.ts";
import type { NetworkFiles } from "./files.ts";
import { mountSource } from "./mount-source.ts";
import type { MountRecord } from "./types.ts";

/** Where things lie, and what the runtime can do. */
export interface MountPlaces {
  readonly id: string;
  readonly paths: ContainerPaths;
  /** The runtime can make a whole tree of mounts read-only. */
  readonly deepReadOnly: boolean;
}

/** The mounts of the runtime specification beyond its defaults: network files, then what the user asked for. */
export function mountSpecs(
  files: NetworkFiles,
  mounts: readonly MountRecord[],
  at: MountPlaces,
): SpecMount[] {
  const taken = new Set(mounts.map((mount) => mount.destination));
  const own = [
    ["/etc/resolv.conf", files.resolvConf],
    ["/etc/hostname", files.hostname],
    ["/etc/hosts", files.hosts],
  ] as const;
  return [
    ...own
      .filter(([destination]) => !taken.has(destination))
      .map(([destination, source]) => ({
        destination,
        type: "bind",
        source,
        options: ["rbind", "rprivate", "rw"],
      })),
    ...mounts.map((mount) => mountSpec(mount, at)),
  ];
}

/** How the root must propagate for these mounts, or undefined for the default (private). */
export function rootPropagation(mounts: readonly MountRecord[]): string | undefined {
  const words = mounts.map((mount) => mount.propagation);
  if (words.some((word) => word.endsWith("shared"))) return "shared";
  if (words.some((word) => word.endsWith("slave"))) return "rslave";
  return undefined;
}

function mountSpec(mount: MountRecord, at: MountPlaces): SpecMount {
  const { destination } = mount;
  if (mount.type === "tmpfs") {
    return { destination, type: "tmpfs", source: "tmpfs", options: [...(mount.options ?? [])] };
  }
  const source = mount.type === "image" ? imageTarget(at.paths, at.id, mount) : mountSource(mount);
  const recursion = mount.nonRecursive ? "bind" : "rbind";
  const options = [recursion, access(mount, source, at), propagationOf(mount)];
  return { destination, type: "bind", source, options };
}

/** crun takes any recursive word for a recursive bind. */
function propagationOf({ propagation, nonRecursive }: MountRecord): string {
  const word = propagation || "rprivate";
  return nonRecursive ? word.replace(/^r/, "") : word;
}

/**
 * Read-only reaches the mounts below the source too, unless asked or impossible. Below a file there is nothing, and
 * crun takes the word for directories alone.
 */
function access(mount: MountRecord, source: string, at: MountPlaces): string {
  if (mount.writable) return "rw";
  const deep = at.deepReadOnly && !mount.nonRecursive && !mount.shallowReadOnly;
  return deep && isDirectory(source) ? "rro" : "ro";
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
