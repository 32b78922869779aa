import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { readCertificates, type TlsOptions } from "./certificates.ts";
import { inCidr, isLoopback, proxyFor } from "./proxy.ts";
import type { RegistryOptions } from "./types.ts";

/** How hosts are connected to. Remembers what it has read, so it is made anew for each repository. */
export interface Reach {
  /**
   * Whether unchecked certificates and plain HTTP are fine for a host: those configured so, and loopback, unless
   * roots to check its certificate against lie ready.
   */
  insecure(host: string): Promise<boolean>;
  tls(host: string): Promise<TlsOptions>;
  proxy(url: URL): string | undefined;
}

/** `roots` gives those that are trusted without certificates of a host's own. */
export function createReach(options: RegistryOptions, roots: () => readonly string[]): Reach {
  const ways = new Map<string, Promise<Way>>();
  const wayTo = (host: string): Promise<Way> => {
    const known = ways.get(host) ?? findWay(host, options, roots);
    ways.set(host, known);
    return known;
  };
  return {
    insecure: async (host) => (await wayTo(host)).insecure,
    tls: async (host) => (await wayTo(host)).tls,
    proxy: (url) => proxyFor(url, options.proxy),
  };
}

interface Way {
  readonly insecure: boolean;
  readonly tls: TlsOptions;
}

async function findWay(host: string, options: RegistryOptions, roots: () => readonly string[]): Promise<Way> {
  const found = (await readCertificates(options.certificates, host)) ?? {};
  const name = bareName(host);
  const insecure =
    (isLoopback(name) && found.ca === undefined) || (await isListed(host, name, options.insecure));
  if (insecure) return { insecure, tls: { ...found, rejectUnauthorized: false } };
  const ca = [...roots(), ...(found.ca ?? [])];
  return { insecure, tls: { ...found, ca } };
}

function bareName(host: string): string {
  return new URL(`http://${host}`).hostname.replace(/^\[|\]$/g, "");
}

async function isListed(host: string, name: string, entries: readonly string[]): Promise<boolean> {
  if (entries.some((entry) => entry === host || entry === name || entry === `[${name}]`)) return true;
  const ranges = entries.filter((entry) => entry.includes("/"));
  if (ranges.length === 0) return false;
  const addresses = isIP(name) ? [name] : await addressesOf(name);
  return addresses.some((address) => ranges.some((range) => inCidr(address, range)));
}

async function addressesOf(name: string): Promise<string[]> {
  try {
    return (await lookup(name, { all: true })).map((one) => one.address);
  } catch {
    return []; // The connection itself will say that there is no such host.
  }
}
