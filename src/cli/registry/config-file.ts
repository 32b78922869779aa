import { join } from "node:path";
import { atomicWrite, codeOf, messageOf } from "../../base/index.ts";
import { type AuthConfig, readAuth } from "../../wire/index.ts";
import { ExitError } from "../exit.ts";

/** Docker's `config.json`: what is read of it, and all of it, so that writing keeps what others have put there. */
export interface ConfigFile {
  readonly path: string;
  /** Credentials that lie in the file itself, by registry. */
  readonly auths: Readonly<Record<string, AuthConfig>>;
  /** The credential helper for registries without one of their own: `docker-credential-<name>`. */
  readonly credsStore: string | undefined;
  readonly credHelpers: Readonly<Record<string, string>>;
  readonly document: Readonly<Record<string, unknown>>;
}

/** Reads the configuration of a directory; an absent file is an empty one. Throws when it is no JSON object. */
export async function readConfig(directory: string): Promise<ConfigFile> {
  const path = join(directory, "config.json");
  const document = parse(path, await readText(path));
  const auths = Object.entries(objectOf(document.auths)).flatMap(([key, value]) => {
    const auth = readAuth(value);
    return auth === undefined ? [] : [[key, auth] as const];
  });
  const helpers = Object.entries(objectOf(document.credHelpers)).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string",
  );
  return {
    path,
    auths: Object.fromEntries(auths),
    credsStore: typeof document.credsStore === "string" ? document.credsStore || undefined : undefined,
    credHelpers: Object.fromEntries(helpers),
    document,
  };
}

/**
 * Changes `auths` of the file: an entry of `undefined` goes. The file is replaced as a whole, readable for its owner
 * alone; a link is followed, so that what it points to is replaced.
 */
export async function writeAuths(
  config: ConfigFile,
  changes: Readonly<Record<string, Readonly<Record<string, string>> | undefined>>,
): Promise<void> {
  const auths = { ...objectOf(config.document.auths), ...changes };
  const kept = Object.fromEntries(Object.entries(auths).filter(([, value]) => value !== undefined));
  await replace(config.path, `${JSON.stringify({ ...config.document, auths: kept }, undefined, "\t")}\n`);
}

async function replace(path: string, text: string): Promise<void> {
  const fs = await import("node:fs/promises");
  await fs.mkdir(join(path, ".."), { recursive: true, mode: 0o700 });
  const target = await fs.realpath(path).catch(() => path);
  await atomicWrite(target, text, { mode: 0o600, sync: true });
}

async function readText(path: string): Promise<string> {
  const { readFile } = await import("node:fs/promises");
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return "";
    throw error;
  }
}

function parse(path: string, text: string): Record<string, unknown> {
  if (text.trim() === "") return {};
  try {
    return objectOf(JSON.parse(text));
  } catch (error) {
    throw new ExitError(1, `Error loading config file: ${path}: ${messageOf(error)}`);
  }
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value))
    : {};
}
