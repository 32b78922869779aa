import type { LimitSupport } from "../../runtime/index.ts";
import type { Resources } from "../../wire/index.ts";
import { invalid, unsupported, type Warn } from "./invalid.ts";

const smallest = 6 * 1024 ** 2;

type Memory = Pick<
  Resources,
  "Memory" | "MemorySwap" | "MemoryReservation" | "MemorySwappiness" | "OomKillDisable"
>;

/** Memory, swap, reservation, swappiness and the OOM killer; as much swap as memory where nothing is said. */
export function fitMemory(
  wanted: Resources,
  support: LimitSupport,
  options: { readonly update: boolean; readonly warn: Warn },
): Memory {
  const main = fitMain(wanted, support, options);
  const reservation = fitReservation(wanted, support, options.warn);
  const { Memory: memory = 0 } = main;
  if (memory > 0 && reservation > 0 && memory < reservation) {
    throw invalid("Minimum memory limit can not be less than memory reservation limit, see usage");
  }
  return {
    ...main,
    MemoryReservation: reservation,
    MemorySwappiness: fitSwappiness(wanted, support, options.warn),
    OomKillDisable: fitOomKill({ ...wanted, Memory: memory }, support, options.warn),
  };
}

function fitMain(
  wanted: Resources,
  support: LimitSupport,
  { update, warn }: { readonly update: boolean; readonly warn: Warn },
): Pick<Memory, "Memory" | "MemorySwap"> {
  const memory = wanted.Memory ?? 0;
  const swap = wanted.MemorySwap || (memory > 0 && !update ? memory * 2 : 0);
  if (memory !== 0 && memory < smallest) throw invalid("Minimum memory limit allowed is 6MB");
  if (memory > 0 && !support.memory) {
    warn(unsupported("memory limit capabilities", "Limitation"));
    return { Memory: 0, MemorySwap: -1 };
  }
  if (memory > 0 && swap > 0 && swap < memory) {
    throw invalid("Minimum memoryswap limit should be larger than memory limit, see usage");
  }
  if (memory === 0 && swap > 0 && !update) {
    throw invalid("You should always set the Memory limit when using Memoryswap limit, see usage");
  }
  if (memory > 0 && swap !== -1 && !support.swap) {
    warn(
      "Your kernel does not support swap limit capabilities or the cgroup is not mounted. Memory limited without swap.",
    );
    return { Memory: memory, MemorySwap: -1 };
  }
  return { Memory: memory, MemorySwap: swap };
}

function fitReservation(wanted: Resources, support: LimitSupport, warn: Warn): number {
  const reservation = wanted.MemoryReservation ?? 0;
  if (reservation <= 0) return 0;
  if (!support.reservation) {
    warn(unsupported("memory soft limit capabilities", "Limitation"));
    return 0;
  }
  if (reservation < smallest) throw invalid("Minimum memory reservation allowed is 6MB");
  return reservation;
}

/** -1 is Docker's "as the kernel has it". */
function fitSwappiness(wanted: Resources, support: LimitSupport, warn: Warn): number | null {
  const swappiness = wanted.MemorySwappiness ?? -1;
  if (swappiness === -1) return null;
  if (!support.swappiness) {
    warn(unsupported("memory swappiness capabilities", "Memory swappiness"));
    return null;
  }
  if (swappiness < 0 || swappiness > 100) {
    throw invalid(`Invalid value: ${swappiness}, valid memory swappiness range is 0-100`);
  }
  return swappiness;
}

function fitOomKill(wanted: Resources, support: LimitSupport, warn: Warn): boolean | null {
  const disable = wanted.OomKillDisable ?? false;
  if (!support.oomKillDisable) {
    if (disable) warn("Your kernel does not support OomKillDisable. OomKillDisable discarded.");
    return null;
  }
  if (disable && !wanted.Memory) {
    warn(
      "OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.",
    );
  }
  return disable;
}

/** Zero and below mean as many as there can be; an update says so with -1, where absent means "as it is". */
export function fitPids(
  wanted: Resources,
  support: LimitSupport,
  { update, warn }: { readonly update: boolean; readonly warn: Warn },
): Pick<Resources, "PidsLimit"> {
  const limit = wanted.PidsLimit ?? 0;
  if (limit <= 0) return { PidsLimit: update && limit < 0 ? -1 : null };
  if (support.pids) return { PidsLimit: limit };
  warn(unsupported("PIDs limit capabilities", "PIDs limit"));
  return { PidsLimit: null };
}
