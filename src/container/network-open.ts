import { readFile } from "node:fs/promises";
import { EngineError, shortID } from "../base/index.ts";
import type { EndpointRequest, NetworkService, Sandbox, SandboxRequest } from "../network/index.ts";
import type { NamespaceSource } from "../runtime/index.ts";
import type { EndpointSettings } from "../wire/index.ts";
import type { Collaborators } from "./collaborators.ts";
import { inGatewayOrder } from "./endpoint-options.ts";
import { publishRequests } from "./ports.ts";
import { isLive } from "./state.ts";
import type { ContainerRecord } from "./types.ts";

/** A container's network stack as it was opened for one run. */
export interface OpenedNetwork {
  readonly namespace: NamespaceSource;
  /** Its own stack; absent when it runs on the host's or another container's. */
  readonly sandbox?: Sandbox;
  /** The container whose stack (and hosts, hostname, resolv.conf) it shares. */
  readonly peer?: ContainerRecord;
  /** Text for /etc/resolv.conf. */
  readonly resolvConf: string;
}

type Needs = Pick<Collaborators, "store" | "network">;

/** Opens what the container's network mode names. Throws what `NetworkService.openSandbox` throws. */
export async function openNetwork(needs: Needs, record: ContainerRecord): Promise<OpenedNetwork> {
  const mode = record.hostConfig.NetworkMode ?? "bridge";
  if (mode === "host") {
    const resolvConf = await readFile("/etc/resolv.conf", "utf8").catch(() => "");
    return { namespace: { kind: "host" }, resolvConf };
  }
  if (mode.startsWith("container:")) return joinPeer(needs, mode.slice("container:".length), record);
  const wanted = record.config.NetworkDisabled ? [] : Object.entries(inGatewayOrder(record.endpoints));
  const endpoints = wanted.map(([network, settings]) =>
    endpointRequest(needs.network, record, network, settings),
  );
  const sandbox = await needs.network.openSandbox(sandboxRequest(record, endpoints));
  return { namespace: { kind: "path", path: sandbox.path }, sandbox, resolvConf: sandbox.resolvConf };
}

/** What to ask of a network for this container; throws `not-found` for an unknown network. */
export function endpointRequest(
  network: Pick<NetworkService, "get">,
  record: ContainerRecord,
  reference: string,
  settings: EndpointSettings,
): EndpointRequest {
  const { id } = findNetwork(network, reference);
  const address = settings.IPAMConfig?.IPv4Address || undefined;
  return {
    networkID: id,
    names: endpointNames(record, settings),
    ...(address ? { ipv4Address: address } : {}),
    ...(settings.MacAddress ? { macAddress: settings.MacAddress } : {}),
  };
}

/** Names under which the others on a network find this container: name, short ID, aliases, hostname; each once. */
export function endpointNames(record: ContainerRecord, settings: EndpointSettings): string[] {
  const names = [
    record.name,
    shortID(record.id),
    ...(settings.Aliases ?? []),
    ...(record.config.Hostname ? [record.config.Hostname] : []),
  ];
  return [...new Set(names)];
}

function findNetwork(network: Pick<NetworkService, "get">, reference: string): { id: string } {
  try {
    return network.get(reference);
  } catch (error) {
    throw new EngineError(
      error instanceof EngineError ? error.kind : "internal",
      `failed to set up container networking: network ${reference} not found`,
      { subject: reference, cause: error },
    );
  }
}

function sandboxRequest(record: ContainerRecord, endpoints: readonly EndpointRequest[]): SandboxRequest {
  const { config, hostConfig } = record;
  const shareKey = shareKeyOf(config.Labels ?? {});
  const ports =
    endpoints.length === 0
      ? []
      : publishRequests({
          bindings: hostConfig.PortBindings ?? {},
          exposed: Object.keys(config.ExposedPorts ?? {}),
          publishAll: hostConfig.PublishAllPorts ?? false,
        });
  return {
    id: record.id,
    containerName: record.name,
    endpoints,
    ports,
    ...(shareKey ? { shareKey } : {}),
    dns: {
      servers: hostConfig.Dns ?? [],
      search: hostConfig.DnsSearch ?? [],
      options: hostConfig.DnsOptions ?? [],
    },
  };
}

/** Replicas of one Compose service may stand behind one published port. */
function shareKeyOf(labels: Readonly<Record<string, string>>): string | undefined {
  const project = labels["com.docker.compose.project"];
  const service = labels["com.docker.compose.service"];
  const oneOff = labels["com.docker.compose.oneoff"]?.toLowerCase() === "true";
  return project && service && !oneOff ? `${project}/${service}` : undefined;
}

function joinPeer(needs: Needs, reference: string, record: ContainerRecord): OpenedNetwork {
  const peer = needs.store.get(reference);
  if (peer.id === record.id) {
    throw new EngineError("invalid", "a container cannot join its own network namespace", {
      subject: record.id,
    });
  }
  if (!isLive(peer.state)) {
    throw new EngineError("conflict", `cannot join network of a non running container: ${peer.id}`, {
      subject: peer.id,
    });
  }
  return { namespace: peerNamespace(needs, peer), peer, resolvConf: "" };
}

function peerNamespace(needs: Needs, peer: ContainerRecord): NamespaceSource {
  const sandbox = needs.network.findSandbox(peer.id);
  if (sandbox) return { kind: "path", path: sandbox.path };
  return { kind: "path", path: `/proc/${peer.state.pid}/ns/net` };
}
