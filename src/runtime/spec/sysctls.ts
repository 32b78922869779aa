import type { SpecInput } from "../spec-input.ts";

/**
 * The caller's kernel settings over the defaults of a network stack of its own: without them a process that is
 * not root could neither listen on port 80 nor ping.
 */
export function buildSysctls(input: Pick<SpecInput, "network" | "sysctls">): Record<string, string> {
  if (input.network.kind === "host") return { ...input.sysctls };
  return {
    "net.ipv4.ip_unprivileged_port_start": "0",
    "net.ipv4.ping_group_range": "0 2147483647",
    ...input.sysctls,
  };
}
