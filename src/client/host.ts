import { EngineError } from "../base/index.ts";

/** Where an engine listens. */
export type Host =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tcp"; readonly hostname: string; readonly port: number };

/** Parses `unix:///path`, `tcp://name:port` or `http://name:port`; throws `invalid` in Docker's words. */
export function parseHost(text: string): Host {
  if (text.startsWith("unix://") && text.length > "unix://".length) {
    return { kind: "unix", path: text.slice("unix://".length) };
  }
  const match = /^(?:tcp|http):\/\/(\[[0-9a-fA-F:.]+\]|[^/:]*)(?::(\d+))?\/?$/.exec(text);
  if (!match) throw new EngineError("invalid", `unable to parse docker host \`${text}\``, { subject: text });
  const hostname = (match[1] ?? "").replace(/^\[|\]$/g, "") || "127.0.0.1";
  return { kind: "tcp", hostname, port: Number(match[2] ?? 2375) };
}

/** The host as it is written in messages. */
export function formatHost(host: Host): string {
  if (host.kind === "unix") return `unix://${host.path}`;
  const name = host.hostname.includes(":") ? `[${host.hostname}]` : host.hostname;
  return `tcp://${name}:${host.port}`;
}
