import type { ProcessSpec } from "../../oci/index.ts";
import type { SpecHost, SpecInput } from "../spec-input.ts";

/** JSON has no larger integer of its own; the bundle writes it as the 64-bit number that runtimes expect. */
export const unlimited = 2 ** 64;

/** Limits in the runtime's form. A hard limit above the engine's own is clamped, with a warning, unless it may be raised. */
export function buildRlimits(
  limits: SpecInput["rlimits"],
  host: SpecHost,
): { list: NonNullable<ProcessSpec["rlimits"]>; warnings: string[] } {
  const warnings: string[] = [];
  const list = limits.map((limit) => {
    const most = host.canRaiseLimits ? unlimited : number(host.hardLimits.get(limit.name) ?? -1);
    const hard = Math.min(number(limit.hard), most);
    const soft = Math.min(number(limit.soft), hard);
    if (hard < number(limit.hard)) {
      warnings.push(`Limit ${limit.name} is reduced to ${hard}: the engine itself may not have more`);
    }
    return { type: `RLIMIT_${limit.name.toUpperCase()}`, hard, soft };
  });
  return { list, warnings };
}

function number(value: number): number {
  return value < 0 ? unlimited : value;
}
