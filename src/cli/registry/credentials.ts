import { type AuthConfig, encodeAuth, encodeAuths } from "../../wire/index.ts";
import type { Cli } from "../cli.ts";
import { type ConfigFile, readConfig, writeAuths } from "./config-file.ts";
import { credentialHelper } from "./helper.ts";
import { hubKey, registryHost, registryKey } from "./registry-name.ts";

type At = Pick<Cli, "configDirectory" | "env">;

/** The value of `X-Registry-Auth` for an image's registry: what the user has logged in with, or nothing. */
export async function registryAuth(cli: At, reference: string): Promise<string> {
  return encodeAuth((await findCredentials(cli, registryKey(reference))) ?? {});
}

/** The value of `X-Registry-Config`: all that the user has logged in with; undefined when that is nothing. */
export async function buildAuth(cli: At): Promise<string | undefined> {
  const all = await allCredentials(cli);
  return Object.keys(all).length > 0 ? encodeAuths(all) : undefined;
}

/** Credentials of every registry that the user has logged in to, for a build. */
export async function allCredentials(cli: At): Promise<Readonly<Record<string, AuthConfig>>> {
  const config = await readConfig(cli.configDirectory);
  const keys = [...Object.keys(config.auths), ...Object.keys(config.credHelpers)];
  const found: Record<string, AuthConfig> = {};
  for (const key of keys) {
    const auth = await readFrom(config, cli, key);
    if (auth !== undefined) found[key] = auth;
  }
  return found;
}

/** What is kept for a registry (`registryKey`), in a helper or in the file. */
export async function findCredentials(cli: At, key: string): Promise<AuthConfig | undefined> {
  return readFrom(await readConfig(cli.configDirectory), cli, key);
}

/** Keeps credentials: in the registry's helper, else in the file. Tells where. */
export async function storeCredentials(
  cli: At,
  key: string,
  auth: AuthConfig,
): Promise<{ readonly file: string } | { readonly helper: string }> {
  const config = await readConfig(cli.configDirectory);
  const name = helperOf(config, key);
  const secret = auth.identitytoken || auth.password || "";
  if (name !== undefined) {
    const username = auth.identitytoken ? "<token>" : (auth.username ?? "");
    await credentialHelper(name, cli.env).store(key, { username, secret });
    // An empty entry says that there are credentials, as Docker's does.
    await writeAuths(config, { [key]: {} });
    return { helper: name };
  }
  const pair = Buffer.from(`${auth.username ?? ""}:${auth.identitytoken ? "" : secret}`, "utf8").toString(
    "base64",
  );
  await writeAuths(config, {
    [key]: { auth: pair, ...(auth.identitytoken ? { identitytoken: auth.identitytoken } : {}) },
  });
  return { file: config.path };
}

/** Forgets what is kept for a registry. False when there was nothing. */
export async function eraseCredentials(cli: At, key: string): Promise<boolean> {
  const config = await readConfig(cli.configDirectory);
  const names = Object.keys(config.auths).filter(
    (one) => one === key || registryHost(one) === registryHost(key),
  );
  const name = helperOf(config, key);
  if (name !== undefined) await credentialHelper(name, cli.env).erase(key);
  if (names.length > 0) await writeAuths(config, Object.fromEntries(names.map((one) => [one, undefined])));
  return names.length > 0 || name !== undefined;
}

async function readFrom(config: ConfigFile, cli: At, key: string): Promise<AuthConfig | undefined> {
  const name = helperOf(config, key);
  if (name !== undefined) return credentialHelper(name, cli.env).get(key);
  const known = Object.keys(config.auths);
  const match =
    known.find((one) => one === key) ?? known.find((one) => registryHost(one) === registryHost(key));
  const auth = match === undefined ? undefined : config.auths[match];
  if (auth === undefined || !hasSecret(auth)) return undefined;
  return { ...auth, serveraddress: key };
}

function hasSecret(auth: AuthConfig): boolean {
  return Boolean(auth.password || auth.identitytoken || auth.registrytoken);
}

function helperOf(config: ConfigFile, key: string): string | undefined {
  const own = config.credHelpers[key] ?? config.credHelpers[registryHost(key)];
  if (own !== undefined) return own;
  return key === hubKey ? (config.credHelpers["docker.io"] ?? config.credsStore) : config.credsStore;
}
