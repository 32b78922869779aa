import { EngineError } from "../base/index.ts";
import type { LinuxResources } from "../oci/index.ts";
import type { HostConfig, Resources } from "../wire/index.ts";
import type { Collaborators } from "./collaborators.ts";
import { announceContainer } from "./facts.ts";
import { fitLimits } from "./limits/index.ts";
import { resourcesOf } from "./resources.ts";
import { parseRestartPolicy } from "./restart-policy.ts";
import { isLive } from "./state.ts";
import type { ContainerRecord } from "./types.ts";

export type UpdateRequest = Resources & Pick<HostConfig, "RestartPolicy">;

type Needs = Pick<Collaborators, "store" | "announce" | "abilities" | "step">;

/**
 * Changes limits and restart policy, of a running container at once. What is absent or zero stays. Returns warnings
 * for limits that this host cannot hold. Throws `conflict` where a limit contradicts one that stays.
 */
export async function updateContainer(
  needs: Needs,
  reference: string,
  request: UpdateRequest,
): Promise<readonly string[]> {
  const { id } = needs.store.get(reference);
  const { limits, warnings } = fitLimits(request, needs.abilities.limits, { update: true });
  await needs.store.locks.run(id, async () => {
    const record = needs.store.get(id);
    checkPhase(record.state.phase, id);
    const hostConfig = mergeUpdate(record.hostConfig, limits);
    checkMemory(limits, hostConfig);
    checkCpu(limits, record.hostConfig);
    const policy = parseRestartPolicy(hostConfig.RestartPolicy);
    if (hostConfig.AutoRemove && policy.name !== "no") {
      throw new EngineError(
        "invalid",
        "Restart policy cannot be updated because AutoRemove is enabled for the container",
        {
          subject: id,
        },
      );
    }
    const updated = { ...record, hostConfig };
    await applyLimits(needs, { record, updated, changes: changesOf(limits, hostConfig) });
    needs.store.put(updated);
    announceContainer(needs.announce, updated, "update");
  });
  return warnings;
}

function checkPhase(phase: string, id: string): void {
  if (phase !== "removing" && phase !== "dead") return;
  throw conflict(
    `Cannot update container ${id}: Container is marked for removal and cannot be "update".`,
    id,
  );
}

/** Changes the limits of live processes. It is on record before it begins: recovery finishes what a kill cuts off. */
async function applyLimits(
  needs: Pick<Collaborators, "store" | "step">,
  wanted: { record: ContainerRecord; updated: ContainerRecord; changes: LinuxResources },
): Promise<void> {
  const { record, updated, changes } = wanted;
  const { task } = needs.store.live(record.id);
  if (!task || !isLive(record.state)) return;
  needs.store.put({ ...updated, updatingFrom: record.hostConfig });
  try {
    await task.update(changes);
    needs.step("update:applied");
  } catch (error) {
    await task.update(resourcesOf(record.hostConfig)).catch(() => {});
    needs.store.put(record);
    throw error;
  }
}

function mergeUpdate(host: HostConfig, request: UpdateRequest): HostConfig {
  const { RestartPolicy: policy, PidsLimit: pids, ...limits } = request;
  const given = Object.entries(limits).filter(
    ([, value]) =>
      value !== null &&
      value !== undefined &&
      value !== 0 &&
      value !== "" &&
      value !== false &&
      !isEmptyList(value),
  );
  return {
    ...host,
    ...Object.fromEntries(given),
    ...(pids ? { PidsLimit: pids < 0 ? null : pids } : {}),
    ...(policy?.Name ? { RestartPolicy: policy } : {}),
  };
}

function checkMemory(request: UpdateRequest, host: HostConfig): void {
  const { Memory: memory = 0, MemorySwap: swap = 0 } = host;
  if (request.Memory && !request.MemorySwap && swap > 0 && memory > swap) {
    throw conflict(
      "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time",
    );
  }
  if (memory > 0 && swap > 0 && swap < memory) {
    throw new EngineError(
      "invalid",
      "Minimum memoryswap limit should be larger than memory limit, see usage",
      { subject: "" },
    );
  }
}

/** Whole processors and the kernel's own period and quota are two ways to say one thing. */
function checkCpu(request: UpdateRequest, host: HostConfig): void {
  const clash = (what: string, set: string): never => {
    throw conflict(`Conflicting options: ${what} cannot be updated as ${set} has already been set`);
  };
  if (request.NanoCpus && host.CpuPeriod) clash("Nano CPUs", "CPU Period");
  if (request.NanoCpus && host.CpuQuota) clash("Nano CPUs", "CPU Quota");
  if (request.CpuPeriod && host.NanoCpus) clash("CPU Period", "NanoCPUs");
  if (request.CpuQuota && host.NanoCpus) clash("CPU Quota", "NanoCPUs");
}

/** What the cgroup of a running container is told: "as many processes as you like" has to be said there. */
function changesOf(request: UpdateRequest, host: HostConfig): LinuxResources {
  const resources = resourcesOf(host);
  return (request.PidsLimit ?? 0) < 0 ? { ...resources, pids: { limit: -1 } } : resources;
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

function conflict(message: string, subject = ""): EngineError {
  return new EngineError("conflict", message, { subject });
}
