import { isIP } from "node:net";
import type { RegistryOptions } from "../registry/index.ts";
import { invalidArgument } from "./arguments.ts";

/** Where Docker's layout of certificates is looked for: `<dir>/<host[:port]>/{ca.crt,client.cert,client.key}`. */
const usualCertificates: readonly string[] = ["/etc/gantry/certs.d", "/etc/docker/certs.d"];

/** What the daemon's arguments and environment say of registries, as they were written. */
export interface RegistryWords {
  /** `HOST=URL`, or a bare URL, which is one for Docker Hub. */
  readonly mirrors: readonly string[];
  readonly insecure: readonly string[];
  readonly certificates: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly userAgent: string;
}

/** Checks and sorts them; throws `invalid` for a mirror that is no URL, and for an entry that is no host. */
export function registryOptions(words: RegistryWords): RegistryOptions {
  const mirrors: Record<string, string[]> = {};
  for (const text of words.mirrors) {
    const { host, url } = parseMirror(text);
    mirrors[host] = [...(mirrors[host] ?? []), url];
  }
  for (const entry of words.insecure) checkInsecure(entry);
  return {
    mirrors,
    insecure: words.insecure,
    certificates: words.certificates.length > 0 ? words.certificates : usualCertificates,
    proxy: proxiesOf(words.env),
    userAgent: words.userAgent,
  };
}

/** Docker Hub goes by several names. */
const hubNames = ["index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"];

function parseMirror(text: string): { host: string; url: string } {
  const [, named, address = text] = /^([^=/]+)=(.*)$/s.exec(text) ?? [];
  const wrong = (why: string): Error => invalidArgument(`invalid mirror: "${text}": ${why}`);
  if (!URL.canParse(address)) throw wrong("it must be HOST=URL or URL");
  const url = new URL(address);
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw wrong(`unsupported scheme "${url.protocol.slice(0, -1)}"`);
  }
  if (url.username !== "" || url.password !== "") throw wrong("a mirror takes no credentials");
  if (url.search !== "" || url.hash !== "") throw wrong("query or fragment at end of the URI");
  if (named !== undefined && !isHost(named)) throw wrong(`"${named}" is no host`);
  const host = named === undefined || hubNames.includes(named) ? "docker.io" : named;
  return { host, url: url.href };
}

function checkInsecure(entry: string): void {
  if (entry.includes("://")) {
    throw invalidArgument(`insecure registry ${entry} should not contain a scheme (http://, https://)`);
  }
  if (!(entry.includes("/") ? isRange(entry) : isHost(entry)))
    throw invalidArgument(`invalid insecure registry "${entry}": it must be HOST[:PORT] or a CIDR`);
}

function isHost(text: string): boolean {
  return /^[^\s/@?#\\]+$/.test(text) && URL.canParse(`http://${text}`);
}

function isRange(text: string): boolean {
  const [, address = "", prefix] = /^(.+)\/(\d{1,3})$/.exec(text) ?? [];
  const family = isIP(address);
  return family !== 0 && Number(prefix) <= (family === 4 ? 32 : 128);
}

function proxiesOf(env: RegistryWords["env"]): RegistryOptions["proxy"] {
  const find = (name: string): string | undefined => env[name] || env[name.toLowerCase()] || undefined;
  const http = find("HTTP_PROXY");
  const https = find("HTTPS_PROXY");
  const no = find("NO_PROXY");
  return {
    ...(http === undefined ? {} : { http }),
    ...(https === undefined ? {} : { https }),
    ...(no === undefined ? {} : { no }),
  };
}
