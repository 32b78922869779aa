import { EngineError } from "../base/index.ts";
import type { PublishRequest } from "../network/index.ts";
import type { PortMap } from "../wire/index.ts";

/** A port inside a container: `80/tcp`, or several: `3000-3005/udp`. */
export interface PortRange {
  readonly protocol: "tcp" | "udp";
  readonly first: number;
  readonly last: number;
}

/** Parses `80`, `80/tcp`, `3000-3005/udp`; throws `invalid` with Docker's words. */
export function parsePort(text: string): PortRange {
  const [numbers = "", protocol = "tcp", more] = text.split("/");
  const range = parseNumbers(numbers);
  const known = protocol.toLowerCase();
  if (!range || range.first === 0 || more !== undefined) {
    throw new EngineError("invalid", `invalid port specification: "${text}"`, { subject: text });
  }
  if (known !== "tcp" && known !== "udp") {
    throw new EngineError("invalid", `invalid port specification: protocol "${protocol}" is not supported`, {
      subject: text,
    });
  }
  return { protocol: known, ...range };
}

/** What is to be published: every binding, and with `publishAll` a free host port for each exposed port left. */
export function publishRequests(options: {
  bindings: PortMap;
  exposed: readonly string[];
  publishAll: boolean;
}): PublishRequest[] {
  const explicit = Object.entries(options.bindings).map(([text, bindings]) => {
    const wanted = bindings && bindings.length > 0 ? bindings : [{}];
    return { port: parsePort(text), wanted };
  });
  const requests = explicit.flatMap(({ port, wanted }) =>
    wanted.flatMap((binding) => bind(port, binding.HostIp ?? "", binding.HostPort ?? "")),
  );
  if (!options.publishAll) return requests;
  const bound = new Set(explicit.flatMap(({ port }) => numbersOf(port).map((n) => `${n}/${port.protocol}`)));
  const rest = expandPorts(options.exposed).filter((port) => !bound.has(port));
  return [...requests, ...rest.flatMap((port) => bind(parsePort(port), "", ""))];
}

/** `["80/tcp", "3000-3001/udp"]` → `80/tcp`, `3000/udp`, `3001/udp`, each once. */
export function expandPorts(texts: readonly string[]): string[] {
  const all = texts.map(parsePort).flatMap((port) => numbersOf(port).map((n) => `${n}/${port.protocol}`));
  return [...new Set(all)];
}

function bind(port: PortRange, hostIP: string, hostPort: string): PublishRequest[] {
  checkAddress(hostIP);
  const containers = numbersOf(port);
  if (hostPort === "") {
    return containers.map((containerPort) => ({
      protocol: port.protocol,
      containerPort,
      hostIP,
      hostPort: 0,
    }));
  }
  const host = parseNumbers(hostPort);
  if (!host) {
    throw new EngineError("invalid", `invalid port specification: "${hostPort}"`, { subject: hostPort });
  }
  if (containers.length === 1) {
    const end = host.last > host.first ? { hostPortEnd: host.last } : {};
    return [{ protocol: port.protocol, containerPort: port.first, hostIP, hostPort: host.first, ...end }];
  }
  if (host.last - host.first !== port.last - port.first) {
    throw new EngineError("invalid", `invalid ranges specified for container and host ports: ${hostPort}`, {
      subject: hostPort,
    });
  }
  return containers.map((containerPort, at) => ({
    protocol: port.protocol,
    containerPort,
    hostIP,
    hostPort: host.first + at,
  }));
}

function numbersOf(port: PortRange): number[] {
  return Array.from({ length: port.last - port.first + 1 }, (_, at) => port.first + at);
}

function parseNumbers(text: string): { first: number; last: number } | undefined {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  if (!match) return undefined;
  const first = Number(match[1]);
  const last = match[2] === undefined ? first : Number(match[2]);
  return last >= first && last <= 65535 ? { first, last } : undefined;
}

function checkAddress(address: string): void {
  if (address === "" || address.includes(":")) return;
  const octets = address.split(".");
  if (octets.length === 4 && octets.every((octet) => /^\d{1,3}$/.test(octet) && Number(octet) < 256)) return;
  throw new EngineError("invalid", `invalid IP address ${address} in port binding`, { subject: address });
}
