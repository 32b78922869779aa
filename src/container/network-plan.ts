import { EngineError } from "../base/index.ts";
import type { EndpointSettings } from "../wire/index.ts";

/** Whose network stack a container runs on. */
export type NetworkPlan =
  | { readonly kind: "host" }
  | { readonly kind: "none" }
  | { readonly kind: "container"; readonly reference: string }
  | {
      readonly kind: "networks";
      /** Network names or IDs with what is asked of each; the network mode's own first. */
      readonly endpoints: readonly { readonly network: string; readonly settings: EndpointSettings }[];
    };

/** The mode as it is recorded: `default` and empty become `bridge`. */
export function normalizeMode(mode: string | undefined): string {
  return mode === undefined || mode === "" || mode === "default" ? "bridge" : mode;
}

/** True for a mode that is no network of its own (host, none, container:…). */
export function isSpecialMode(mode: string): boolean {
  return mode === "host" || mode === "none" || mode.startsWith("container:");
}

/** Reads network mode and endpoint settings; throws `invalid` for settings that contradict the mode. Pure. */
export function planNetwork(
  mode: string,
  endpoints: Readonly<Record<string, EndpointSettings | null>>,
): NetworkPlan {
  if (mode.startsWith("container:")) return { kind: "container", reference: mode.slice("container:".length) };
  const others = Object.keys(endpoints).filter((name) => normalizeMode(name) !== mode);
  if (mode === "host" || mode === "none") {
    if (others.length > 0) {
      throw new EngineError(
        "invalid",
        mode === "host"
          ? "conflicting options: cannot attach both user-defined and non-user-defined network-modes"
          : "conflicting options: container cannot be connected to network endpoints with network mode none",
        { subject: mode },
      );
    }
    return { kind: mode };
  }
  const entries = Object.entries(endpoints).map(
    ([name, settings]) => [normalizeMode(name), settings ?? {}] as const,
  );
  const own = entries.find(([name]) => name === mode)?.[1] ?? {};
  const rest = entries.filter(([name]) => name !== mode);
  return {
    kind: "networks",
    endpoints: [[mode, own] as const, ...rest].map(([network, settings]) => ({ network, settings })),
  };
}
