import { codeOf } from "../../base/index.ts";
import type { AuthConfig } from "../../wire/index.ts";
import { ExitError } from "../exit.ts";

/** How long a helper may take; some of them ask their user. */
const patience = 120_000;

/** A program that keeps credentials (`docker-credential-<name>`), which speaks JSON over its streams. */
export interface CredentialHelper {
  /** Undefined when it has nothing for this registry. */
  get(registry: string): Promise<AuthConfig | undefined>;
  store(registry: string, auth: { readonly username: string; readonly secret: string }): Promise<void>;
  erase(registry: string): Promise<void>;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The helper of this name. Nothing runs before it is asked; a helper that is missing or fails throws its own words. */
export function credentialHelper(name: string, env: Environment): CredentialHelper {
  const program = `docker-credential-${name}`;
  const call = (verb: string, input: string): Promise<string> => run({ program, verb, input, env });
  return {
    async get(registry) {
      const output = await call("get", registry).catch((error: unknown) => {
        if (error instanceof HelperError && error.output.includes("credentials not found")) return undefined;
        throw error;
      });
      return output === undefined ? undefined : readCredentials(program, registry, output);
    },
    async store(registry, { username, secret }) {
      await call("store", JSON.stringify({ ServerURL: registry, Username: username, Secret: secret }));
    },
    async erase(registry) {
      await call("erase", registry);
    },
  };
}

/** A helper's own failure; `output` is what it said, and never goes anywhere but to the user. */
class HelperError extends ExitError {
  readonly output: string;

  constructor(program: string, output: string) {
    super(1, `error getting credentials - err: exit status 1, out: \`${output}\` (${program})`);
    this.output = output;
  }
}

interface HelperCall {
  readonly program: string;
  readonly verb: string;
  readonly input: string;
  readonly env: Environment;
}

async function run({ program, verb, input, env }: HelperCall): Promise<string> {
  try {
    const child = Bun.spawn([program, verb], {
      stdin: new TextEncoder().encode(input),
      stdout: "pipe",
      stderr: "inherit",
      env: { ...env },
      timeout: patience,
    });
    const output = (await new Response(child.stdout).text()).trim();
    if ((await child.exited) !== 0) throw new HelperError(program, output);
    return output;
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
    throw new ExitError(
      1,
      `error getting credentials - err: exec: "${program}": executable file not found in $PATH, out: \`\``,
    );
  }
}

/** A user called `<token>` means that the secret is an identity token. */
function readCredentials(program: string, registry: string, output: string): AuthConfig {
  const { username, secret } = parseAnswer(program, output);
  if (username === "<token>") return { identitytoken: secret, serveraddress: registry };
  return { username, password: secret, serveraddress: registry };
}

function parseAnswer(program: string, output: string): { username: string; secret: string } {
  try {
    const value: unknown = JSON.parse(output);
    if (typeof value === "object" && value !== null && "Username" in value && "Secret" in value) {
      const { Username: username, Secret: secret } = value;
      if (typeof username === "string" && typeof secret === "string") return { username, secret };
    }
  } catch {
    // Said below, without the output: it may hold the secret.
  }
  throw new ExitError(1, `error getting credentials - err: ${program} answers in no known form`);
}
