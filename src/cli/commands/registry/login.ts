import { messageOf } from "../../../base/index.ts";
import type { AuthConfig } from "../../../wire/index.ts";
import type { Cli, Command } from "../../cli.ts";
import { ExitError } from "../../exit.ts";
import type { FlagValues } from "../../flags/index.ts";
import { findCredentials, hubKey, serverKey, storeCredentials } from "../../registry/index.ts";
import { askLines, inputIsTerminal } from "../../terminal/index.ts";

export const loginCommand: Command = {
  usage: "login [OPTIONS] [SERVER]",
  summary: "Authenticate to a registry",
  flags: [
    { name: "password", short: "p", kind: "string", help: "Password or Personal Access Token (PAT)" },
    {
      name: "password-stdin",
      kind: "bool",
      help: "Take the Password or Personal Access Token (PAT) from stdin",
    },
    { name: "username", short: "u", kind: "string", help: "Username" },
  ],
  args: { least: 0, most: 1 },
  run: async (cli, { flags, args: [server = ""] }) => {
    const key = server === "" ? hubKey : serverKey(server);
    const given = await readPassword(cli, flags);
    const username = flags.find("username") ?? "";
    const known = username === "" && given === undefined ? await loginAgain(cli, key) : undefined;
    const auth =
      known ?? (await loginWith(cli, key, await askMissing(cli, { key, username, password: given })));
    const stored = await storeCredentials(cli, key, auth);
    if (known === undefined && "file" in stored) await cli.err.write(openSecret(stored.file));
    await cli.out.write("Login Succeeded\n");
    return 0;
  },
};

async function readPassword(cli: Cli, flags: FlagValues): Promise<string | undefined> {
  const password = flags.find("password");
  if (!flags.bool("password-stdin")) {
    if (password !== undefined) {
      await cli.err.write("WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n");
    }
    return password;
  }
  if (password !== undefined) {
    throw new ExitError(1, "conflicting options: cannot specify both --password and --password-stdin");
  }
  if (!flags.find("username")) {
    throw new ExitError(1, "the --password-stdin option requires --username to be set");
  }
  const text = Buffer.concat(await Array.fromAsync(cli.stdin())).toString("utf8");
  return text.replace(/\n$/, "").replace(/\r$/, "");
}

/** Tries what is kept from the last login; undefined when there is nothing, or it is not taken any more. */
async function loginAgain(cli: Cli, key: string): Promise<AuthConfig | undefined> {
  const kept = await findCredentials(cli, key);
  if (kept === undefined) return undefined;
  const who = kept.username ? ` [Username: ${kept.username}]` : "";
  await cli.out.write(`Authenticating with existing credentials...${who}\n`);
  try {
    return await loginWith(cli, key, kept);
  } catch (error) {
    await cli.err.write(`Login did not succeed, error: ${messageOf(error)}\n`);
    return undefined;
  }
}

async function loginWith(cli: Cli, key: string, auth: AuthConfig): Promise<AuthConfig> {
  const asked = { ...auth, serveraddress: key };
  const { IdentityToken } = await cli.client.distribution.login(asked);
  return IdentityToken ? { ...asked, password: "", identitytoken: IdentityToken } : asked;
}

async function askMissing(
  cli: Cli,
  known: { readonly key: string; readonly username: string; readonly password: string | undefined },
): Promise<AuthConfig> {
  const { username, password } = known;
  if (username !== "" && password !== undefined) return checked(username, password);
  if (!inputIsTerminal()) {
    throw new ExitError(1, "Error: Cannot perform an interactive login from a non TTY device");
  }
  const questions = [
    ...(username === "" ? [{ text: "Username: ", hidden: false }] : []),
    ...(password === undefined ? [{ text: "Password: ", hidden: true }] : []),
  ];
  const answers = await askLines(cli.out, questions);
  const name = username || (answers.shift() ?? "").trim();
  return checked(name, password ?? answers.shift() ?? "");
}

function checked(username: string, password: string): AuthConfig {
  if (username === "") throw new ExitError(1, "Error: Non-null Username Required");
  if (password === "") throw new ExitError(1, "Error: Password Required");
  return { username, password };
}

function openSecret(file: string): string {
  return `
WARNING! Your credentials are stored unencrypted in '${file}'.
Configure a credential helper to remove this warning. See
https://docs.docker.com/go/credential-store/

`;
}
