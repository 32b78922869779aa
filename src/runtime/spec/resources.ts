import type { LinuxResources } from "../../oci/index.ts";

/**
 * The caller's limits with Docker's defaults filled in: as much swap again as memory. Swap limits are left out
 * where the kernel keeps no account of swap.
 */
export function buildResources(
  wanted: LinuxResources,
  devices: NonNullable<LinuxResources["devices"]>,
  host: { swapAccounting: boolean },
): { resources: LinuxResources; warnings: string[] } {
  const memory = { ...wanted.memory };
  const warnings: string[] = [];
  const limited = (memory.limit ?? 0) > 0;
  if (limited && !memory.swap) memory.swap = (memory.limit ?? 0) * 2;
  if (memory.swap !== undefined && !host.swapAccounting) {
    delete memory.swap;
    if (limited) {
      warnings.push(
        "Your kernel does not support swap limit capabilities or the cgroup is not mounted. Memory limited without swap.",
      );
    }
  }
  const { pids, memory: _memory, devices: _devices, ...rest } = wanted;
  return {
    resources: {
      ...rest,
      ...(Object.keys(memory).length > 0 ? { memory } : {}),
      ...(pids && pids.limit !== 0 ? { pids } : {}),
      devices,
    },
    warnings,
  };
}
