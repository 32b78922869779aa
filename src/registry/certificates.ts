import { createPrivateKey, X509Certificate } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { getCACertificates, rootCertificates } from "node:tls";
import { codeOf, messageOf } from "../base/index.ts";
import { RegistryError } from "./error.ts";

/** What a TLS connection to one host needs beyond the usual. */
export interface TlsOptions {
  readonly rejectUnauthorized?: boolean;
  readonly ca?: string[];
  readonly cert?: string;
  readonly key?: string;
}

/**
 * The certificates for a host (`example.com`, `127.0.0.1:5000`) in Docker's layout: each `*.crt` is a root that is
 * trusted beside the system's, `x.cert` and `x.key` are what we show. Undefined when no directory has the host.
 * Throws `invalid` for a certificate without its key, and the other way round.
 */
export async function readCertificates(
  directories: readonly string[],
  host: string,
): Promise<TlsOptions | undefined> {
  for (const directory of directories) {
    const place = join(directory, host);
    const names = await list(place);
    if (names !== undefined) return read(place, names);
  }
  return undefined;
}

async function list(place: string): Promise<string[] | undefined> {
  try {
    return (await readdir(place)).sort();
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return undefined;
    throw error;
  }
}

async function read(place: string, names: readonly string[]): Promise<TlsOptions> {
  const roots = names.filter((name) => name.endsWith(".crt"));
  const ca = await Promise.all(roots.map((name) => readRoots(join(place, name))));
  const own = pairOf(place, names);
  return {
    ...(ca.length > 0 ? { ca: ca.flat() } : {}),
    ...(own ? await readPair(join(place, own.certificate), join(place, own.key)) : {}),
  };
}

function pairOf(
  place: string,
  names: readonly string[],
): { readonly certificate: string; readonly key: string } | undefined {
  const key = names.find((name) => name.endsWith(".key"));
  const certificate = names.find((name) => name.endsWith(".cert"));
  if (certificate !== undefined) {
    const wanted = certificate.replace(/\.cert$/, ".key");
    if (names.includes(wanted)) return { certificate, key: wanted };
    throw unusable(
      place,
      `missing key ${wanted} for client certificate ${certificate}. CA certificates must use the extension .crt`,
    );
  }
  if (key === undefined) return undefined;
  throw unusable(place, `missing client certificate ${key.replace(/\.key$/, ".cert")} for key ${key}`);
}

/** What a file of PEM holds, checked: a broken one would fail each connection without saying why. */
async function readRoots(path: string): Promise<string[]> {
  const found = (await readFile(path, "utf8")).match(pemBlock) ?? [];
  if (found.length === 0) throw unusable(path, `Cannot use ${path}: there is no certificate in it`);
  for (const pem of found) check(path, () => new X509Certificate(pem));
  return found;
}

async function readPair(certificate: string, key: string): Promise<Pick<TlsOptions, "cert" | "key">> {
  const [cert, secret] = await Promise.all([readFile(certificate, "utf8"), readFile(key, "utf8")]);
  const parsed = check(certificate, () => new X509Certificate(cert));
  const fits = check(key, () => parsed.checkPrivateKey(createPrivateKey(secret)));
  if (!fits) throw unusable(key, `Cannot use ${key}: it is not the key of ${certificate}`);
  return { cert, key: secret };
}

function check<T>(path: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw unusable(path, `Cannot use ${path}: ${messageOf(error)}`);
  }
}

function unusable(place: string, message: string): RegistryError {
  return new RegistryError("invalid", message, { subject: place });
}

const pemBlock = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** The roots that this machine trusts: the runtime's, and those that its administrator has added. */
export function machineRoots(): readonly string[] {
  const known = new Set(rootCertificates.map(withoutSpace));
  return [...rootCertificates, ...getCACertificates("system").filter((pem) => !known.has(withoutSpace(pem)))];
}

function withoutSpace(pem: string): string {
  return pem.replace(/\s+/g, "");
}
