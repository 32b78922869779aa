import { isIP } from "node:net";
import { EngineError } from "../base/index.ts";

/** What the engine itself asks in a container's network. */
export interface ProbeTarget {
  readonly kind: "http" | "tcp";
  /** An address: names are not looked up. */
  readonly address: string;
  readonly port: number;
  /** HTTP only: path with query, and what the request says in `Host`. */
  readonly path: string;
  readonly host: string;
  readonly secure: boolean;
}

/**
 * Reads `["HTTP", "http://localhost:8080/health"]` or `["TCP", "6379"]`, `["TCP", "127.0.0.1:6379"]`; throws
 * `invalid`. `localhost` is 127.0.0.1 of the container.
 */
export function parseProbe(test: readonly string[]): ProbeTarget {
  const [kind, text = "", ...more] = test;
  if (more.length > 0) throw invalid(`a ${kind} health check takes one value`, text);
  return kind === "HTTP" ? parseHttp(text) : parseTcp(text);
}

function parseHttp(text: string): ProbeTarget {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw invalid(`invalid health check URL "${text}": use http://localhost:PORT/PATH`, text);
  }
  if (url.username || url.password) {
    throw invalid(`invalid health check URL: a user and a password are not supported`, url.host);
  }
  const secure = url.protocol === "https:";
  return {
    kind: "http",
    address: addressOf(url.hostname, text),
    port: Number(url.port) || (secure ? 443 : 80),
    path: `${url.pathname}${url.search}`,
    host: url.host,
    secure,
  };
}

function parseTcp(text: string): ProbeTarget {
  const match = /^(?:(\[[\da-fA-F:.]+\]|[^:]+):)?(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (!match || port < 1 || port > 65535) {
    throw invalid(`invalid health check port "${text}": use PORT or ADDRESS:PORT`, text);
  }
  const address = addressOf(match[1] ?? "localhost", text);
  return { kind: "tcp", address, port, path: "", host: "", secure: false };
}

/** The engine dials inside the container's network, where it has no resolver of its own. */
function addressOf(host: string, text: string): string {
  const bare = host.replace(/^\[|\]$/g, "");
  if (bare === "localhost") return "127.0.0.1";
  if (isIP(bare) > 0) return bare;
  throw invalid(`invalid health check "${text}": the host has to be localhost or an IP address`, text);
}

function invalid(message: string, subject: string): EngineError {
  return new EngineError("invalid", message, { subject });
}
