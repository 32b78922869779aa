import { EngineError } from "../base/index.ts";
import { defaultMaskedPaths, defaultReadonlyPaths } from "../runtime/index.ts";
import type { HostConfig } from "../wire/index.ts";
import type { Collaborators } from "./collaborators.ts";
import { completeLogs } from "./log-config.ts";
import { normalizeMode } from "./network-plan.ts";
import { otherContainer } from "./references.ts";

type Needs = Pick<Collaborators, "runtime" | "store" | "abilities" | "logs">;

/**
 * Fills in what Docker shows in inspect when a client left it out, and names other containers by their IDs. Throws
 * `invalid` for an unknown runtime and `not-found` for an unknown container.
 */
export function completeHost(host: HostConfig, needs: Needs): HostConfig {
  const runtime = host.Runtime || needs.runtime.defaultName;
  if (!needs.runtime.available.has(runtime)) {
    throw new EngineError("invalid", `unknown or invalid runtime name: ${runtime}`, { subject: runtime });
  }
  return {
    ...host,
    NetworkMode: resolveContainerMode(needs.store, normalizeMode(host.NetworkMode)),
    PidMode: resolveContainerMode(needs.store, host.PidMode ?? ""),
    IpcMode: resolveContainerMode(needs.store, host.IpcMode || "private"),
    LogConfig: completeLogs(host.LogConfig, needs.logs),
    RestartPolicy: {
      Name: host.RestartPolicy?.Name || "no",
      MaximumRetryCount: host.RestartPolicy?.MaximumRetryCount ?? 0,
    },
    CgroupnsMode: host.CgroupnsMode || defaultCgroupNamespace(needs.abilities),
    ...systemPaths(host, needs.abilities),
    ...(host.Privileged && !host.SecurityOpt?.some((option) => option.startsWith("label"))
      ? { SecurityOpt: [...(host.SecurityOpt ?? []), "label=disable"] }
      : {}),
    ShmSize: host.ShmSize || 64 * 1024 ** 2,
    Runtime: runtime,
    AutoRemove: host.AutoRemove ?? false,
    PortBindings: completeBindings(host.PortBindings ?? {}),
  };
}

/** Namespaces of cgroups hide little on v1, where Docker leaves them out. */
function defaultCgroupNamespace(abilities: Needs["abilities"]): string {
  return abilities.cgroup === "v2" ? "private" : "host";
}

/** The masks are recorded, as clients that copy a container expect; none for a privileged one. */
function systemPaths(host: HostConfig, abilities: Needs["abilities"]): HostConfig {
  if (host.Privileged) return {};
  return {
    MaskedPaths: host.MaskedPaths ?? [...defaultMaskedPaths, ...(abilities.maskedPaths ?? [])],
    ReadonlyPaths: host.ReadonlyPaths ?? [...defaultReadonlyPaths],
  };
}

function completeBindings(bindings: NonNullable<HostConfig["PortBindings"]>) {
  return Object.fromEntries(
    Object.entries(bindings).map(([port, list]) => [
      port.includes("/") ? port : `${port}/tcp`,
      // A port without bindings asks for any host port.
      (list?.length ? list : [{}]).map((binding) => ({
        HostIp: binding.HostIp ?? "",
        HostPort: binding.HostPort ?? "",
      })),
    ]),
  );
}

/** `container:<name>` is recorded with the full ID, so that a rename does not change whose namespace it is. */
function resolveContainerMode(store: Needs["store"], mode: string): string {
  if (!mode.startsWith("container:")) return mode;
  return `container:${otherContainer(store, mode.slice("container:".length)).id}`;
}
