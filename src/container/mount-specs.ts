import type { SpecMount } from "../oci/index.ts";
import type { NetworkFiles } from "./files.ts";
import { mountSource } from "./mount-source.ts";
import type { MountRecord } from "./types.ts";

/** The mounts of the runtime specification beyond its defaults: network files, then what the user asked for. */
export function mountSpecs(files: NetworkFiles, mounts: readonly MountRecord[]): SpecMount[] {
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
    ...mounts.map(mountSpec),
  ];
}

/** How the root must propagate for these mounts, or undefined for the default (private). */
export function rootPropagation(mounts: readonly MountRecord[]): string | undefined {
  const words = mounts.map((mount) => mount.propagation);
  if (words.some((word) => word.endsWith("shared"))) return "shared";
  if (words.some((word) => word.endsWith("slave"))) return "rslave";
  return undefined;
}

function mountSpec(mount: MountRecord): SpecMount {
  if (mount.type === "tmpfs") {
    return {
      destination: mount.destination,
      type: "tmpfs",
      source: "tmpfs",
      options: [...(mount.options ?? [])],
    };
  }
  return {
    destination: mount.destination,
    type: "bind",
    source: mountSource(mount),
    options: [
      mount.nonRecursive ? "bind" : "rbind",
      mount.writable ? "rw" : "ro",
      mount.propagation || "rprivate",
    ],
  };
}
