import type { RegistryServed, RegistryServeRequest } from "../../../wire/index.ts";
import type { Cli, Command, Invocation } from "../../cli.ts";
import { ExitError } from "../../exit.ts";
import { pathAt } from "../../files/index.ts";
import type { FlagValues } from "../../flags/index.ts";

export const serveRegistryCommand: Command = {
  usage: "serve [OPTIONS]",
  summary: "Offer the engine's images as a registry that Docker, skopeo and other engines pull from",
  flags: [
    {
      name: "addr",
      kind: "string",
      type: "address:port",
      default: "127.0.0.1:5000",
      help: "Where to listen; port 0 takes a free one",
    },
    { name: "writable", short: "w", kind: "bool", help: "Take pushes: they become images of the engine" },
    { name: "tls-cert", kind: "string", type: "file", help: "Certificate (PEM) to serve with" },
    { name: "tls-key", kind: "string", type: "file", help: "Key (PEM) of the certificate" },
    { name: "user", short: "u", kind: "string", help: "User who may call; needs a password" },
    { name: "password-file", kind: "string", type: "file", help: "File that holds the password" },
    {
      name: "allow-insecure",
      kind: "bool",
      help: "Serve other machines without TLS and password: whoever reaches the port can read all images",
    },
    {
      name: "detach",
      short: "d",
      kind: "bool",
      help: "Serve until `gantry registry stop` or the engine's end",
    },
    { name: "quiet", short: "q", kind: "bool", help: "Do not print the requests" },
  ],
  args: { least: 0, most: 0 },
  run,
};

async function run(cli: Cli, { flags }: Invocation): Promise<number> {
  const request = await requestOf(cli, flags);
  const { registries } = cli.client;
  await warn(cli, request);
  if (flags.bool("detach")) {
    const served = await registries.serve(request);
    await cli.out.write(`${served.Address}\n`);
    return 0;
  }
  const stop = new AbortController();
  const interrupted = () => stop.abort();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, interrupted);
  const { served, requests } = await registries.serveAttached(request, { signal: stop.signal });
  await cli.out.write(greeting(served));
  try {
    for await (const { Method, Path, Status, From } of requests) {
      if (!flags.bool("quiet")) await cli.out.write(`${From} ${Method} ${Path} ${Status}\n`);
    }
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    return 0;
  }
  throw new ExitError(1, "the engine has stopped serving");
}

/** What `--allow-insecure` means is said once more where it matters. */
async function warn(
  cli: Cli,
  { Address = "", Writable, Certificate, User }: RegistryServeRequest,
): Promise<void> {
  if (/^(127\.|localhost$|::1$)/.test(Address) || (Certificate && User)) return;
  const may = Writable ? "read and replace" : "read";
  const risk =
    User && !Certificate
      ? "the password and all images pass in the clear"
      : `whoever reaches it can ${may} all images`;
  await cli.err.write(`WARNING: serving on ${Address}: ${risk}\n`);
}

function greeting(served: RegistryServed): string {
  const access = served.Writable ? "for pulls and pushes" : "read-only";
  const locks = [...(served.Secure ? ["TLS"] : []), ...(served.Authenticated ? ["password"] : [])];
  const with_ = locks.length > 0 ? `, with ${locks.join(" and ")}` : "";
  return `Serving images on ${served.Address}, ${access}${with_}. Stop with Ctrl-C.\n`;
}

async function requestOf(cli: Cli, flags: FlagValues): Promise<RegistryServeRequest> {
  const { address, port } = splitAddress(flags.text("addr"));
  if (flags.has("tls-cert") !== flags.has("tls-key"))
    throw new ExitError(1, "--tls-cert and --tls-key belong together");
  if (flags.has("user") !== flags.has("password-file"))
    throw new ExitError(1, "--user and --password-file belong together");
  const password = await fileText(cli, flags.find("password-file"));
  return {
    Address: address,
    Port: port,
    Writable: flags.bool("writable"),
    AllowInsecure: flags.bool("allow-insecure"),
    Certificate: await fileText(cli, flags.find("tls-cert")),
    Key: await fileText(cli, flags.find("tls-key")),
    User: flags.text("user"),
    Password: password.replace(/\r?\n$/, ""),
  };
}

function splitAddress(text: string): { address: string; port: number } {
  const match = /^(\[[\da-fA-F:.]+\]|[^:]*):(\d+)$/.exec(text);
  if (!match) throw new ExitError(1, `invalid address "${text}": it must be ADDRESS:PORT`);
  const [, host = "", port = ""] = match;
  return { address: host.replace(/^\[|\]$/g, "") || "0.0.0.0", port: Number(port) };
}

async function fileText(cli: Cli, path: string | undefined): Promise<string> {
  if (path === undefined) return "";
  const { readFile } = await import("node:fs/promises");
  return await readFile(pathAt(cli, path), "utf8");
}
