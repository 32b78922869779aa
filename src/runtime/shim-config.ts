import { EngineError } from "../base/index.ts";
import type { Mount } from "../oci/index.ts";
import type { ExtraMount, LogTarget } from "./types.ts";

/** What a shim is told; see native/protocol.md. */
export interface ShimConfig {
  readonly id: string;
  readonly runtime: string;
  /** State directory of the OCI runtime, of this engine alone. */
  readonly runtimeRoot: string;
  /** The runtime must remove its state itself; crun's and runc's is known, so the shim does it without a process. */
  readonly runtimeDeletes: boolean;
  readonly tty: boolean;
  readonly openStdin: boolean;
  readonly stdinOnce: boolean;
  readonly log: LogTarget;
  readonly rootfsPath: string;
  readonly rootfs: readonly Mount[];
  readonly extraMounts: readonly ExtraMount[];
  /** The container may mount for the host. */
  readonly sharedMounts: boolean;
  readonly detachMounts: readonly string[];
  readonly cgroups: readonly string[];
  readonly oomFile: string | undefined;
  /** Where crun's compiled system call filter is to be kept. */
  readonly seccompCache: string | undefined;
}

/** The text of `shim.conf`. Throws `invalid` for a value that one line cannot hold. */
export function renderShimConfig(config: ShimConfig): string {
  const { log } = config;
  const lines: (readonly [string, string | number | boolean | undefined])[] = [
    ["id", config.id],
    ["runtime", config.runtime],
    ["runtime-root", config.runtimeRoot],
    ["runtime-deletes", config.runtimeDeletes],
    ["tty", config.tty],
    ["stdin", config.openStdin],
    ["stdin-once", config.stdinOnce],
    ["log-driver", log.driver],
    ...(log.driver === "none" ? [] : logLines(log)),
    ["rootfs", config.rootfsPath],
    ["shared-mounts", config.sharedMounts],
    ...config.rootfs.flatMap(mountLines),
    ...config.extraMounts.flatMap(extraLines),
    ...config.detachMounts.map((path) => ["detach-mount", path] as const),
    ...config.cgroups.map((path) => ["cgroup", path] as const),
    ["oom-file", config.oomFile],
    ["seccomp-cache", config.seccompCache],
  ];
  return lines
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${text(key, value)}\n`)
    .join("");
}

function logLines(log: LogTarget): (readonly [string, string | number | boolean | undefined])[] {
  const { attributes, journal } = log;
  return [
    ["log-dir", log.directory],
    ["log-file", log.file],
    ["log-max-bytes", Math.max(0, Math.floor(log.maxBytes))],
    ["log-max-files", Math.max(1, Math.floor(log.maxFiles))],
    ["log-compress", log.compress ?? false],
    ["log-attributes", attributes && JSON.stringify(attributes)],
    ["log-journal", journal?.socket],
    ["log-journal-fields", journal && percentEncoded(journalFields(journal.fields))],
    ["log-journal-buffer", journal && Math.max(0, Math.floor(journal.maxBuffer))],
  ];
}

/** The journal's native form, in which a value that holds line breaks is given with its length. */
function journalFields(fields: Readonly<Record<string, string>>): Buffer {
  const parts = Object.entries(fields).flatMap(([key, value]) => {
    if (!value.includes("\n")) return [Buffer.from(`${key}=${value}\n`)];
    const bytes = Buffer.from(value);
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(bytes.length));
    return [Buffer.from(`${key}\n`), length, bytes, Buffer.from("\n")];
  });
  return Buffer.concat(parts);
}

function percentEncoded(bytes: Buffer): string {
  return bytes
    .toString("latin1")
    .replace(/[^!-$&-~]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`);
}

function mountLines(mount: ExtraMount["mount"]) {
  return [
    ["mount-type", mount.type] as const,
    ["mount-source", mount.source] as const,
    ...mount.options.map((option) => ["mount-option", option] as const),
  ];
}

function extraLines({ target, part, mount }: ExtraMount) {
  return [
    ...mountLines(mount),
    ["mount-target", target] as const,
    ...(part === undefined ? [] : [["mount-part", part] as const]),
  ];
}

function text(key: string, value: string | number | boolean | undefined): string {
  if (typeof value === "boolean") return value ? "1" : "0";
  const plain = String(value);
  if (!/[\n\0]/.test(plain)) return plain;
  throw new EngineError("invalid", `Cannot start container: ${key} contains a line break`, { subject: key });
}
