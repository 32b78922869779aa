import { EngineError, type Logger, messageOf } from "../base/index.ts";
import { type HeldPort, hasCode, holdPort } from "../sys/index.ts";
import { type PortRules, portKey } from "./firewall/index.ts";
import { parseAddress } from "./ipv4.ts";
import type { PublishedPort, PublishRequest } from "./types.ts";

/** Who publishes: the sandbox, and the words for error texts. */
export interface Publisher {
  readonly sandboxID: string;
  readonly containerName: string;
  readonly endpointID: string;
  /** Where connections go; undefined: nowhere, since the sandbox has no way out at present. */
  readonly address: string | undefined;
  readonly shareKey?: string;
}

interface Target {
  readonly address: string | undefined;
  readonly port: number;
}

interface Allocation {
  readonly port: Omit<PortRules, "targets">;
  readonly shareKey: string | undefined;
  readonly targets: Map<string, Target>;
  held: HeldPort | undefined;
}

const anyAddress = "0.0.0.0";

/**
 * The host ports of this engine. Each is held by a bound socket, so that no other program takes it, and may lead
 * to several sandboxes when they share a key.
 */
export class HostPorts implements Disposable {
  readonly #allocations = new Map<string, Allocation>();

  /**
   * Takes a port for a sandbox: the one asked for, the first free one of a range, or any. Throws `conflict` with
   * Docker's words.
   */
  publish(request: PublishRequest, publisher: Publisher): PublishedPort {
    const hostIP = checkedHostIP(request.hostIP);
    const last = Math.max(request.hostPort, request.hostPortEnd ?? request.hostPort);
    for (let hostPort = request.hostPort; ; hostPort += 1) {
      try {
        const allocation = this.#take({ protocol: request.protocol, hostIP, hostPort }, request, publisher);
        const target = { address: publisher.address, port: request.containerPort };
        allocation.targets.set(targetKey(publisher.sandboxID, request.containerPort), target);
        return { ...allocation.port, containerPort: request.containerPort };
      } catch (error) {
        if (hostPort >= last) throw error;
      }
    }
  }

  /** Takes a port again that a sandbox had before a restart of the engine. One that another program took by now is logged. */
  retake(port: PublishedPort, publisher: Publisher, log: Logger): void {
    const { protocol, hostIP, hostPort } = port;
    const rules = { protocol, hostIP, hostPort };
    const known = this.#allocations.get(portKey(rules)) ?? this.#add(rules, publisher.shareKey, undefined);
    known.targets.set(targetKey(publisher.sandboxID, port.containerPort), {
      address: publisher.address,
      port: port.containerPort,
    });
    if (known.held) return;
    try {
      known.held = holdPort(protocol, hostIP, hostPort);
    } catch (error) {
      log.warn("published port is not held", { port: portKey(rules), error: messageOf(error) });
    }
  }

  /** Gives back what a sandbox holds of these ports. */
  release(sandboxID: string, ports: readonly PublishedPort[]): void {
    for (const port of ports) {
      const allocation = this.#allocations.get(portKey(port));
      if (!allocation?.targets.delete(targetKey(sandboxID, port.containerPort))) continue;
      if (allocation.targets.size > 0) continue;
      allocation.held?.[Symbol.dispose]();
      this.#allocations.delete(portKey(port));
    }
  }

  /** Sends connections to another address of the same sandbox; without an address nowhere. */
  retarget(sandboxID: string, ports: readonly PublishedPort[], address: string | undefined): void {
    for (const port of ports) {
      const allocation = this.#allocations.get(portKey(port));
      const key = targetKey(sandboxID, port.containerPort);
      allocation?.targets.set(key, { address, port: port.containerPort });
    }
  }

  /** The firewall's view of these ports; those that nobody publishes any more are in `gone`. */
  rules(ports: readonly PublishedPort[]): { live: PortRules[]; gone: PortRules[] } {
    const live = new Map<string, PortRules>();
    const gone = new Map<string, PortRules>();
    for (const port of ports) {
      const key = portKey(port);
      const allocation = this.#allocations.get(key);
      if (allocation) live.set(key, rulesOf(allocation));
      else gone.set(key, { ...port, targets: [] });
    }
    return { live: [...live.values()], gone: [...gone.values()] };
  }

  /** All ports as the firewall should have them. */
  all(): PortRules[] {
    return [...this.#allocations.values()].map(rulesOf);
  }

  [Symbol.dispose](): void {
    for (const allocation of this.#allocations.values()) allocation.held?.[Symbol.dispose]();
    this.#allocations.clear();
  }

  #take(wanted: Omit<PortRules, "targets">, request: PublishRequest, publisher: Publisher): Allocation {
    const shared =
      wanted.hostPort > 0 && publisher.shareKey !== undefined && request.hostPortEnd === undefined;
    const known = this.#allocations.get(portKey(wanted));
    if (known && shared && known.shareKey === publisher.shareKey) return known;
    if (known || this.#overlaps(wanted)) {
      throw failure(
        publisher,
        `Bind for ${wanted.hostIP}:${wanted.hostPort} failed: port is already allocated`,
      );
    }
    const held = hold(wanted, request, publisher);
    return this.#add({ ...wanted, hostPort: held.port }, publisher.shareKey, held);
  }

  #overlaps({ protocol, hostIP, hostPort }: Omit<PortRules, "targets">): boolean {
    return [...this.#allocations.values()].some(
      ({ port }) =>
        port.protocol === protocol &&
        port.hostPort === hostPort &&
        (port.hostIP === hostIP || port.hostIP === anyAddress || hostIP === anyAddress),
    );
  }

  #add(
    port: Omit<PortRules, "targets">,
    shareKey: string | undefined,
    held: HeldPort | undefined,
  ): Allocation {
    const allocation: Allocation = { port, shareKey, targets: new Map(), held };
    this.#allocations.set(portKey(port), allocation);
    return allocation;
  }
}

function hold(wanted: Omit<PortRules, "targets">, request: PublishRequest, publisher: Publisher): HeldPort {
  const { protocol, hostIP, hostPort } = wanted;
  try {
    return holdPort(protocol, hostIP, hostPort);
  } catch (error) {
    const target = `${hostIP}:${hostPort}:${publisher.address}:${request.containerPort}/${protocol}`;
    throw failure(publisher, `failed to bind host port for ${target}: ${reason(error)}`, error);
  }
}

function reason(error: unknown): string {
  if (hasCode(error, "EADDRINUSE")) return "address already in use";
  if (hasCode(error, "EADDRNOTAVAIL")) return "cannot assign requested address";
  if (hasCode(error, "EACCES")) return "permission denied";
  return messageOf(error);
}

function failure(publisher: Publisher, text: string, cause?: unknown): EngineError {
  const who = `${publisher.containerName} (${publisher.endpointID})`;
  return new EngineError(
    "conflict",
    `failed to set up container networking: driver failed programming external connectivity on endpoint ${who}: ${text}`,
    { subject: publisher.sandboxID, cause },
  );
}

function rulesOf(allocation: Allocation): PortRules {
  const targets = [...allocation.targets.values()].flatMap(({ address, port }) =>
    address === undefined ? [] : [{ address, port }],
  );
  return { ...allocation.port, targets };
}

function checkedHostIP(text: string): string {
  if (text === "") return anyAddress;
  if (parseAddress(text) === undefined) {
    throw new EngineError("invalid", `invalid host address ${text}: ports are published on IPv4 addresses`, {
      subject: text,
    });
  }
  return text;
}

function targetKey(sandboxID: string, containerPort: number): string {
  return `${sandboxID}/${containerPort}`;
}
