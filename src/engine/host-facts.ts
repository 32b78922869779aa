import { readFile, statfs } from "node:fs/promises";
import { cpus, hostname, machine, release, totalmem } from "node:os";

/** What `docker info` and `docker version` tell of the machine. */
export interface HostFacts {
  readonly kernel: string;
  readonly operatingSystem: string;
  readonly osVersion: string;
  readonly architecture: string;
  /** As Go spells it: amd64, arm64. */
  readonly goArchitecture: string;
  readonly processors: number;
  readonly memory: number;
  readonly name: string;
  /** The kind of file system that the engine's root lies on, in Docker's words. */
  readonly filesystem: string;
}

/** Magic numbers of statfs(2). */
const filesystems: Readonly<Record<number, string>> = {
  61267: "extfs",
  1481003842: "xfs",
  2435016766: "btrfs",
  16914836: "tmpfs",
  2035054128: "overlayfs",
  801189825: "zfs",
};

/** Reads them once; they do not change while the engine with this root lives. */
export async function readHostFacts(root: string): Promise<HostFacts> {
  const text = await readFile("/etc/os-release", "utf8").catch(() => "");
  const value = (key: string): string => new RegExp(`^${key}="?([^"\n]*)"?$`, "m").exec(text)?.[1] ?? "";
  const architecture = machine();
  const known: Readonly<Record<string, string>> = { x86_64: "amd64", aarch64: "arm64" };
  return {
    kernel: release(),
    operatingSystem: value("PRETTY_NAME") || "Linux",
    osVersion: value("VERSION_ID"),
    architecture,
    goArchitecture: known[architecture] ?? architecture,
    processors: cpus().length,
    memory: totalmem(),
    name: hostname(),
    filesystem: filesystems[(await statfs(root)).type] ?? "<unknown>",
  };
}
