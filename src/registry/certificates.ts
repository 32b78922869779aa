import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { codeOf } from "../base/index.ts";
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
  const text = (name: string): Promise<string> => readFile(join(place, name), "utf8");
  const roots = await Promise.all(names.filter((name) => name.endsWith(".crt")).map(text));
  const own = names.find((name) => name.endsWith(".cert"));
  const key = names.find((name) => name.endsWith(".key"));
  const wantedKey = own?.replace(/\.cert$/, ".key");
  if (own === undefined && key !== undefined) {
    throw half(place, `missing client certificate ${key.replace(/\.key$/, ".cert")} for key ${key}`);
  }
  if (own !== undefined && (wantedKey === undefined || !names.includes(wantedKey))) {
    throw half(
      place,
      `missing key ${wantedKey} for client certificate ${own}. CA certificates must use the extension .crt`,
    );
  }
  return {
    ...(roots.length > 0 ? { ca: roots } : {}),
    ...(own !== undefined && wantedKey !== undefined
      ? { cert: await text(own), key: await text(wantedKey) }
      : {}),
  };
}

function half(place: string, message: string): RegistryError {
  return new RegistryError("invalid", message, { subject: place });
}
