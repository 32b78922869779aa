import type { LimitSupport } from "../../runtime/index.ts";
import type { Resources } from "../../wire/index.ts";
import { fitBlockIO } from "./block-io.ts";
import { fitCpu, fitCpuset } from "./cpu.ts";
import { fitMemory, fitPids } from "./memory.ts";

/** Limits as this host can hold them, and what was given up. */
export interface Fitted<T extends Resources> {
  readonly limits: T;
  readonly warnings: readonly string[];
}

/**
 * Checks limits and drops, with Docker's warnings, those that the host's cgroups cannot hold. Throws `invalid`, in
 * Docker's words, for limits that make no sense anywhere. Pure.
 */
export function fitLimits<T extends Resources>(
  wanted: T,
  support: LimitSupport,
  options: { readonly update: boolean },
): Fitted<T> {
  const warnings: string[] = [];
  const warn = (text: string): void => void warnings.push(text);
  const memory = fitMemory(wanted, support, { ...options, warn });
  const pids = fitPids(wanted, support, { ...options, warn });
  const cpu = fitCpu(wanted, support, warn);
  const cpuset = fitCpuset(wanted, support, warn);
  const blockIO = fitBlockIO(wanted, support, warn);
  return { limits: { ...wanted, ...memory, ...pids, ...cpu, ...cpuset, ...blockIO }, warnings };
}
