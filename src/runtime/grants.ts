import { resolveCapabilities } from "./spec/capabilities.ts";
import { buildRlimits } from "./spec/rlimits.ts";
import type { SpecHost, SpecInput } from "./spec-input.ts";

/** What a container asks of the host that the host may not have to give. */
export type Grants = Pick<SpecInput, "privileged" | "capAdd" | "capDrop" | "rlimits" | "oomScoreAdj">;

/**
 * What this host cannot grant and the container will therefore run without, as sentences for the user. Throws
 * `invalid`, in Docker's words, for names that no host knows.
 */
export function grantWarnings(wanted: Grants, host: SpecHost): string[] {
  const capabilities = resolveCapabilities({
    privileged: wanted.privileged,
    add: wanted.capAdd,
    drop: wanted.capDrop,
    bounding: host.boundingCapabilities,
  });
  return [
    ...capabilities.warnings,
    ...buildRlimits(wanted.rlimits, host).warnings,
    ...oomScoreWarnings(wanted.oomScoreAdj ?? 0, host),
  ];
}

/** A score below the engine's own takes a right that it may lack. */
function oomScoreWarnings(wanted: number, host: SpecHost): string[] {
  const own = host.oomScoreAdj ?? 0;
  if (wanted >= own || host.canRaiseLimits) return [];
  return [
    `OOM score ${wanted} is below ${own}, which the engine itself has and may not lower. Score discarded.`,
  ];
}
