import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { rootCertificates } from "node:tls";
import { readCertificates, type TlsOptions } from "./certificates.ts";
import { inCidr, isLoopback, proxyFor } from "./proxy.ts";
import type { RegistryOptions } from "./types.ts";

/** How hosts are connected to. Remembers what it has read, so it is made anew for each repository. */
export interface Reach {
  /** Whether unchecked certificates and plain HTTP are fine for a host. */
  insecure(host: string): Promise<boolean>;
  tls(host: string): Promise<TlsOptions>;
  proxy(url: URL): string | undefined;
}

export function createReach(options: RegistryOptions): Reach {
  const tls = new Map<string, Promise<TlsOptions>>();
  const insecure = (host: string): Promise<boolean> => isInsecure(host, options.insecure);
  return {
    insecure,
    proxy: (url) => proxyFor(url, options.proxy),
    tls(host) {
      const known = tls.get(host) ?? tlsOf(host, options, insecure);
      tls.set(host, known);
      return known;
    },
  };
}

/** A host whose certificates lie ready is checked against them, even where anything would do. */
async function tlsOf(
  host: string,
  options: RegistryOptions,
  insecure: (host: string) => Promise<boolean>,
): Promise<TlsOptions> {
  const found = await readCertificates(options.certificates, host);
  const roots = found?.ca;
  if (roots === undefined && (await insecure(host))) return { ...found, rejectUnauthorized: false };
  if (roots === undefined) return found ?? {};
  return { ...found, ca: [...rootCertificates, ...roots] };
}

async function isInsecure(host: string, entries: readonly string[]): Promise<boolean> {
  const { hostname } = new URL(`http://${host}`);
  const name = hostname.replace(/^\[|\]$/g, "");
  if (isLoopback(name)) return true;
  if (entries.some((entry) => entry === host || entry === hostname || entry === name)) return true;
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
