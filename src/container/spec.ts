import { join } from "node:path";
import { EngineError } from "../base/index.ts";
import type { Mount, RuntimeSpec } from "../oci/index.ts";
import { buildSpec, type NamespaceSource, type SpecInput } from "../runtime/index.ts";
import { bundleOf, type Collaborators } from "./collaborators.ts";
import { commandLine } from "./config.ts";
import { inGatewayOrder } from "./endpoint-options.ts";
import { sharedMemoryTarget } from "./extra-mounts.ts";
import { networkFiles } from "./files.ts";
import { grantsOf } from "./grants.ts";
import { mountSpecs, rootPropagation } from "./mount-specs.ts";
import type { OpenedNetwork } from "./network-open.ts";
import { processEnv, processUser } from "./process-user.ts";
import { resourcesOf } from "./resources.ts";
import { readSecurity } from "./security.ts";
import { isLive } from "./state.ts";
import { endpointSysctls } from "./sysctls.ts";
import type { ContainerRecord } from "./types.ts";

type Needs = Pick<Collaborators, "store" | "paths" | "abilities" | "cgroupParent" | "initPath" | "log">;

/** The runtime specification of a container for the run that is about to begin. */
export async function specFor(
  needs: Needs,
  record: ContainerRecord,
  rootfs: readonly Mount[],
  opened: OpenedNetwork,
): Promise<RuntimeSpec> {
  const { config, hostConfig } = record;
  const user = await processUser(rootfs, config.User ?? "", hostConfig.GroupAdd ?? []);
  const { home, ...ids } = user;
  const hostname = opened.peer?.config.Hostname ?? config.Hostname ?? "";
  const hostNames = hostConfig.UTSMode === "host";
  const input: SpecInput = {
    ...processPart(record),
    env: processEnv({ hostname, tty: config.Tty ?? false, env: config.Env ?? [], home }),
    user: ids,
    ...(hostNames ? {} : { hostname }),
    ...(config.Domainname && !hostNames ? { domainname: config.Domainname } : {}),
    rootPath: join(bundleOf(needs.paths, record.id), "rootfs"),
    readonlyRoot: hostConfig.ReadonlyRootfs ?? false,
    mounts: mountSpecs(networkFiles(needs.paths, record), record.mounts, {
      id: record.id,
      paths: needs.paths,
      // Every crun and runc of today; what others make of the word is unknown.
      deepReadOnly: ["crun", "runc"].includes(hostConfig.Runtime ?? ""),
    }),
    network: opened.namespace,
    ...namespaces(needs, record),
    ...securityPart(record, needs.abilities),
    ...resourcePart(record),
    cgroupsPath: join("/", hostConfig.CgroupParent || needs.cgroupParent, record.id),
    ...(hostConfig.Init ? { initPath: needs.initPath } : {}),
    host: needs.abilities,
  };
  const built = buildSpec(input);
  for (const warning of built.warnings) needs.log.warn(warning, { container: record.id });
  const propagation = rootPropagation(record.mounts);
  if (propagation) built.spec.linux.rootfsPropagation = propagation;
  const { Annotations: annotations } = hostConfig;
  if (annotations) built.spec.annotations = { ...built.spec.annotations, ...annotations };
  return built.spec;
}

function processPart(record: ContainerRecord) {
  const { config, hostConfig } = record;
  const [height, width] = hostConfig.ConsoleSize ?? [0, 0];
  return {
    args: commandLine(config),
    cwd: config.WorkingDir || "/",
    tty: config.Tty ?? false,
    ...(config.Tty && height > 0 && width > 0 ? { consoleSize: { height, width } } : {}),
  };
}

function namespaces(needs: Needs, record: ContainerRecord) {
  const { hostConfig } = record;
  const byDefault = needs.abilities.cgroup === "v2" ? "private" : "host";
  const joined = hostConfig.IpcMode?.startsWith("container:") ?? false;
  const cgroupNamespace = hostConfig.CgroupnsMode || byDefault;
  return {
    pid: namespaceOf(needs, hostConfig.PidMode, "pid"),
    ipc: namespaceOf(needs, hostConfig.IpcMode, "ipc"),
    uts: namespaceOf(needs, hostConfig.UTSMode, "uts"),
    ...(joined ? { sharedMemory: { from: sharedMemoryTarget(needs.paths, record.id) } } : {}),
    cgroupNamespace: cgroupNamespace === "private" ? ("private" as const) : ("host" as const),
  };
}

function namespaceOf(needs: Needs, mode: string | undefined, name: "pid" | "ipc" | "uts"): NamespaceSource {
  if (mode === "host") return { kind: "host" };
  if (!mode?.startsWith("container:")) return { kind: "private" };
  const peer = needs.store.get(mode.slice("container:".length));
  if (!isLive(peer.state)) {
    throw new EngineError(
      "conflict",
      `cannot join ${name} namespace of a non running container: ${peer.id}`,
      {
        subject: peer.id,
      },
    );
  }
  if (name === "ipc") checkShareable(peer);
  return { kind: "path", path: `/proc/${peer.state.pid}/ns/${name}` };
}

function checkShareable(peer: ContainerRecord): void {
  const mode = peer.hostConfig.IpcMode ?? "";
  if (mode === "shareable" || mode === "host") return;
  throw new EngineError(
    "invalid",
    `can't join IPC of container ${peer.id}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)`,
    { subject: peer.id },
  );
}

function securityPart(record: ContainerRecord, abilities: Needs["abilities"]) {
  const { hostConfig } = record;
  const security = readSecurity(hostConfig.SecurityOpt ?? []);
  const unmasked = security.unconfinedPaths ? { maskedPaths: [], readonlyPaths: [] } : {};
  return {
    ...grantsOf(hostConfig),
    seccomp: hostConfig.Privileged && !security.seccompGiven ? ("unconfined" as const) : security.seccomp,
    noNewPrivileges: security.noNewPrivileges,
    ...(security.appArmor && abilities.appArmor && security.appArmor !== "unconfined"
      ? { appArmorProfile: security.appArmor }
      : {}),
    ...(hostConfig.MaskedPaths ? { maskedPaths: hostConfig.MaskedPaths } : {}),
    ...(hostConfig.ReadonlyPaths ? { readonlyPaths: hostConfig.ReadonlyPaths } : {}),
    ...unmasked,
  };
}

function resourcePart(record: ContainerRecord) {
  const { hostConfig } = record;
  return {
    resources: resourcesOf(hostConfig),
    ...(hostConfig.OomScoreAdj ? { oomScoreAdj: hostConfig.OomScoreAdj } : {}),
    sysctls: { ...hostConfig.Sysctls, ...endpointSysctls(inGatewayOrder(record.endpoints)) },
    ...(hostConfig.ShmSize ? { shmSize: hostConfig.ShmSize } : {}),
    ...(hostConfig.IpcMode === "none" ? { sharedMemory: "none" as const } : {}),
    devices: (hostConfig.Devices ?? []).map((device) => ({
      pathOnHost: device.PathOnHost,
      pathInContainer: device.PathInContainer || device.PathOnHost,
      permissions: device.CgroupPermissions || "rwm",
    })),
    deviceCgroupRules: hostConfig.DeviceCgroupRules ?? [],
  };
}
