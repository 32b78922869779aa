import type { Grants } from "../runtime/index.ts";
import type { HostConfig } from "../wire/index.ts";

/** Capabilities and process limits as a host config asks for them. */
export function grantsOf(host: HostConfig): Grants {
  return {
    privileged: host.Privileged ?? false,
    capAdd: host.CapAdd ?? [],
    capDrop: host.CapDrop ?? [],
    ...(host.OomScoreAdj ? { oomScoreAdj: host.OomScoreAdj } : {}),
    rlimits: (host.Ulimits ?? []).map(({ Name, Soft, Hard }) => ({ name: Name, soft: Soft, hard: Hard })),
  };
}
