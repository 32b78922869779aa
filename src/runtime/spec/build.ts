import type { LinuxSpec, ProcessSpec, SpecMount } from "../../oci/index.ts";
import type { BuiltSpec, ExecSpecInput, SpecInput } from "../spec-input.ts";
import { allCapabilities, resolveCapabilities } from "./capabilities.ts";
import { buildDevices } from "./devices.ts";
import { defaultMaskedPaths, defaultReadonlyPaths } from "./masked-paths.ts";
import { buildMounts } from "./mounts.ts";
import { buildNamespaces } from "./namespaces.ts";
import { buildResources } from "./resources.ts";
import { buildRlimits } from "./rlimits.ts";
import { buildSeccomp } from "./seccomp.ts";
import { buildSysctls } from "./sysctls.ts";

const initInside = "/sbin/docker-init";

/**
 * The runtime specification of a container: a pure function of its input. What this host cannot grant is
 * clamped, with a warning. Throws `invalid`, in Docker's words, for what no host could.
 */
export function buildSpec(input: SpecInput): BuiltSpec {
  const capabilities = resolveCapabilities({
    privileged: input.privileged,
    add: input.capAdd,
    drop: input.capDrop,
    bounding: input.host.boundingCapabilities,
  });
  const rlimits = buildRlimits(input.rlimits, input.host);
  const linux = buildLinux(input, capabilities.list);
  const spec = {
    ociVersion: "1.0.2",
    process: buildProcess(input, capabilities.list, rlimits.list),
    root: { path: input.rootPath, readonly: input.readonlyRoot },
    ...(input.hostname === undefined || input.uts.kind !== "private" ? {} : { hostname: input.hostname }),
    ...(input.domainname === undefined || input.uts.kind !== "private"
      ? {}
      : { domainname: input.domainname }),
    mounts: buildMounts({ ...input, mounts: withInit(input) }),
    linux: linux.spec,
  };
  return { spec, warnings: [...capabilities.warnings, ...rlimits.warnings, ...linux.warnings] };
}

/** The specification of one more process in a container, from that container's own. */
export function buildExecProcess(input: ExecSpecInput): ProcessSpec {
  const { process } = input.container;
  const granted = input.host?.boundingCapabilities ?? new Set(process.capabilities?.bounding);
  const all = allCapabilities.filter((name) => granted.has(name));
  const { consoleSize: _consoleSize, ...inherited } = process;
  return {
    ...inherited,
    terminal: input.tty,
    user: input.user ? userOf(input.user) : process.user,
    args: [...input.args],
    env: [...input.env],
    cwd: input.cwd || process.cwd,
    ...(input.privileged ? { capabilities: { bounding: all, effective: all, permitted: all } } : {}),
  };
}

function buildProcess(
  input: SpecInput,
  capabilities: string[],
  rlimits: NonNullable<ProcessSpec["rlimits"]>,
): ProcessSpec {
  const oomScoreAdj = oomScoreOf(input);
  return {
    terminal: input.tty,
    ...(input.tty && input.consoleSize ? { consoleSize: input.consoleSize } : {}),
    user: userOf(input.user),
    args: input.initPath ? [initInside, "--", ...input.args] : [...input.args],
    env: [...input.env],
    cwd: input.cwd || "/",
    capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
    ...(rlimits.length > 0 ? { rlimits } : {}),
    noNewPrivileges: input.noNewPrivileges,
    ...(input.appArmorProfile ? { apparmorProfile: input.appArmorProfile } : {}),
    ...(oomScoreAdj === undefined ? {} : { oomScoreAdj }),
  };
}

function userOf(user: SpecInput["user"]): ProcessSpec["user"] {
  return { uid: user.uid, gid: user.gid, additionalGids: [...user.additionalGids] };
}

/** 0 unless asked otherwise, so that the engine's own score is not inherited; never below what may be set. */
function oomScoreOf(input: SpecInput): number | undefined {
  const wanted = input.oomScoreAdj ?? 0;
  const own = input.host.oomScoreAdj ?? 0;
  return input.host.canRaiseLimits || wanted >= own ? wanted : undefined;
}

function withInit(input: SpecInput): readonly SpecMount[] {
  if (!input.initPath) return input.mounts;
  return [
    ...input.mounts,
    { destination: initInside, type: "bind", source: input.initPath, options: ["bind", "ro"] },
  ];
}

function buildLinux(input: SpecInput, capabilities: string[]): { spec: LinuxSpec; warnings: string[] } {
  const { host, privileged } = input;
  const devices = buildDevices(input);
  const limits = buildResources(input.resources, devices.rules, {
    swapAccounting: host.swapAccounting ?? true,
  });
  const seccomp = seccompOf(input, capabilities);
  const masked = [...defaultMaskedPaths, ...(host.maskedPaths ?? [])];
  const spec = {
    namespaces: buildNamespaces(input),
    cgroupsPath: input.cgroupsPath,
    resources: limits.resources,
    maskedPaths: [...(input.maskedPaths ?? (privileged ? [] : masked))],
    readonlyPaths: [...(input.readonlyPaths ?? (privileged ? [] : defaultReadonlyPaths))],
    ...(devices.nodes.length > 0 ? { devices: devices.nodes } : {}),
    ...(seccomp ? { seccomp } : {}),
    sysctl: buildSysctls(input),
  };
  return { spec, warnings: limits.warnings };
}

/** A privileged container has no filter unless one was given; a kernel without filters has none at all. */
function seccompOf(input: SpecInput, capabilities: string[]): object | undefined {
  if (!input.host.seccomp) return undefined;
  const profile = input.privileged && input.seccomp === "default" ? "unconfined" : input.seccomp;
  return buildSeccomp({ profile, capabilities, architecture: input.host.architecture ?? goArchitecture() });
}

function goArchitecture(): string {
  return process.arch === "x64" ? "amd64" : process.arch;
}
