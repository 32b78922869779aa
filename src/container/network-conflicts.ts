import { EngineError } from "../base/index.ts";
import type { ContainerConfig, EndpointSettings, HostConfig } from "../wire/index.ts";

interface Asked {
  readonly config: ContainerConfig;
  readonly host: HostConfig;
  readonly endpoints: Readonly<Record<string, EndpointSettings | null>>;
  /** What the image exposes anyway: inspect shows it, so it may be given back. */
  readonly exposedByImage: Readonly<Record<string, unknown>>;
}

/**
 * Throws `invalid`, in Docker's words, for what is asked of a network stack that is not the container's own, where it
 * could have no effect. Pure.
 */
export function checkNetworkConflicts(asked: Asked): void {
  const mode = asked.host.NetworkMode ?? "";
  const conflicts = mode === "host" ? ofHost(asked) : mode.startsWith("container:") ? ofContainer(asked) : [];
  const found = conflicts.find(([asksForIt]) => asksForIt);
  if (found) throw new EngineError("invalid", `conflicting options: ${found[1]}`, { subject: mode });
}

type Conflict = readonly [asksForIt: boolean, words: string];

function ofHost({ host }: Asked): Conflict[] {
  return [[filled(host.Links), `host type networking ${undefinedBehavior}`]];
}

function ofContainer({ config, host, endpoints, exposedByImage }: Asked): Conflict[] {
  const macs = [config.MacAddress, ...Object.values(endpoints).map((settings) => settings?.MacAddress)];
  const exposed = Object.keys(config.ExposedPorts ?? {}).filter((port) => !(port in exposedByImage));
  const published = filled(Object.keys(host.PortBindings ?? {})) || host.PublishAllPorts === true;
  return [
    [Boolean(config.Hostname), "hostname and the network mode"],
    [filled(host.Links), `container type network ${undefinedBehavior}`],
    [filled(host.Dns), "dns and the network mode"],
    [filled(host.ExtraHosts), "custom host-to-IP mapping and the network mode"],
    [macs.some(Boolean), "mac-address and the network mode"],
    [published, "port publishing and the container type network mode"],
    [filled(exposed), "port exposing and the container type network mode"],
  ];
}

const undefinedBehavior = "can't be used with links. This would result in undefined behavior";

function filled(list: readonly string[] | null | undefined): boolean {
  return (list ?? []).length > 0;
}
