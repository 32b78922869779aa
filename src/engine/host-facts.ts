import { readFile } from "node:fs/promises";
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
}

/** Reads them once; they do not change while the engine lives. */
export async function readHostFacts(): Promise<HostFacts> {
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
  };
}
