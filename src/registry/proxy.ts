import { BlockList, isIP } from "node:net";
import { RegistryError } from "./error.ts";
import type { ProxyOptions } from "./types.ts";

/**
 * The proxy for a URL, by the rules that Go programs have for `NO_PROXY`; undefined for a direct connection.
 * Throws `invalid` for one that cannot be used.
 */
export function proxyFor(url: URL, options: ProxyOptions): string | undefined {
  const proxy = url.protocol === "https:" ? options.https : options.http;
  if (proxy === undefined || proxy === "") return undefined;
  const host = url.hostname.replace(/^\[|\]$/g, "").toLowerCase();
  if (isLoopback(host)) return undefined;
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  const excepted = (options.no ?? "")
    .split(",")
    .some((entry) => covers(entry.trim().toLowerCase(), host, port));
  if (excepted) return undefined;
  return checkProxy(proxy.includes("://") ? proxy : `http://${proxy}`, url.protocol);
}

/** The address itself may hold a password, so a message does without it. */
function checkProxy(proxy: string, protocol: string): string {
  const scheme = URL.canParse(proxy) ? new URL(proxy).protocol : undefined;
  if (scheme === "http:" || scheme === "https:") return proxy;
  const variable = `${protocol.slice(0, -1).toUpperCase()}_PROXY`;
  const fault = scheme === undefined ? "it is no URL" : `unsupported scheme "${scheme.slice(0, -1)}"`;
  throw new RegistryError("invalid", `Cannot use the proxy of ${variable}: ${fault}`, { subject: variable });
}

/** `localhost` and the loopback addresses, without brackets. */
export function isLoopback(host: string): boolean {
  if (host === "localhost" || host.endsWith(".localhost")) return true;
  return host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

/** Whether an address lies in a CIDR; false when either is none. */
export function inCidr(address: string, cidr: string): boolean {
  const slash = cidr.lastIndexOf("/");
  const network = cidr.slice(0, slash);
  const prefix = Number(cidr.slice(slash + 1));
  const family = isIP(network);
  const bits = family === 4 ? 32 : 128;
  if (slash < 1 || family === 0 || family !== isIP(address)) return false;
  if (!/^\d+$/.test(cidr.slice(slash + 1)) || prefix > bits) return false;
  const list = new BlockList();
  const version = family === 4 ? "ipv4" : "ipv6";
  list.addSubnet(network, prefix, version);
  return list.check(address, version);
}

function covers(entry: string, host: string, port: string): boolean {
  if (entry === "") return false;
  if (entry === "*") return true;
  if (entry.includes("/")) return inCidr(host, entry);
  const cut = /^(.*?)(?::(\d+))?$/.exec(isIP(entry) === 6 ? `[${entry}]` : entry);
  if (cut?.[2] !== undefined && cut[2] !== port) return false;
  const name = (cut?.[1] ?? "").replace(/^\[|\]$/g, "").replace(/^\*(?=\.)/, "");
  if (name.startsWith(".")) return host.endsWith(name);
  return host === name || (isIP(name) === 0 && host.endsWith(`.${name}`));
}
