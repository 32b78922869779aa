import { EngineError } from "../../base/index.ts";

/** Every capability this version knows, in the kernel's order. */
export const allCapabilities: readonly string[] = [
  "CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE",
  "NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT",
  "SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE",
  "AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ",
  "PERFMON BPF CHECKPOINT_RESTORE",
].flatMap((line) => line.split(" ").map((name) => `CAP_${name}`));

const defaults: readonly string[] = [
  "CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE",
  "SYS_CHROOT KILL AUDIT_WRITE",
].flatMap((line) => line.split(" ").map((name) => `CAP_${name}`));

export interface CapabilityRequest {
  readonly privileged: boolean;
  readonly add: readonly string[];
  readonly drop: readonly string[];
  /** What this host can grant. */
  readonly bounding: ReadonlySet<string>;
}

/**
 * The capabilities of a container, and warnings for those asked for that the host cannot grant.
 * Throws `invalid` for a name that does not exist.
 */
export function resolveCapabilities(request: CapabilityRequest): { list: string[]; warnings: string[] } {
  const add = request.add.map((name) => normalize(name, "CapAdd"));
  const drop = request.drop.map((name) => normalize(name, "CapDrop"));
  const wanted = [...new Set(select(request.privileged, add, drop))];
  const list = wanted.filter((name) => request.bounding.has(name));
  const refused = wanted.filter((name) => !request.bounding.has(name) && asked(request, add, name));
  return {
    list,
    warnings: refused.map(
      (name) => `Capability ${name} is not available on this host. Capability discarded.`,
    ),
  };
}

/** Defaults that the host lacks are nobody's wish. */
function asked(request: CapabilityRequest, add: readonly string[], name: string): boolean {
  return request.privileged || add.includes(name) || add.includes("ALL");
}

function select(privileged: boolean, add: readonly string[], drop: readonly string[]): readonly string[] {
  if (privileged) return allCapabilities;
  if (add.includes("ALL")) return allCapabilities.filter((name) => !drop.includes(name));
  if (drop.includes("ALL")) return add;
  return [...defaults.filter((name) => !drop.includes(name)), ...add];
}

function normalize(name: string, field: string): string {
  const upper = name.toUpperCase();
  if (upper === "ALL") return upper;
  const full = upper.startsWith("CAP_") ? upper : `CAP_${upper}`;
  if (allCapabilities.includes(full)) return full;
  throw new EngineError("invalid", `invalid ${field}: unknown capability: "${full}"`, { subject: name });
}
