import { failOnError } from "../../../client/index.ts";
import type { ImageCopyRequest, ProgressMessage } from "../../../wire/index.ts";
import type { Cli, Command, Invocation } from "../../cli.ts";
import { ExitError } from "../../exit.ts";
import { pathAt } from "../../files/index.ts";
import { showProgress } from "../../progress/index.ts";
import { registryAuth } from "../../registry/index.ts";
import { toJSON } from "../../template/index.ts";
import { jsonFormat } from "./json-format.ts";

export const copyImageCommand: Command = {
  usage: "copy [OPTIONS] SOURCE TARGET",
  summary: "Copy an image between registries, OCI layouts, archives and engines, without unpacking it",
  flags: [
    { name: "all", short: "a", kind: "bool", help: "Copy every platform of the image" },
    { name: "platform", kind: "string", help: "Copy this platform of the image (os[/arch[/variant]])" },
    { name: "format", kind: "string", help: "Print what it came to as `json`" },
    { name: "quiet", short: "q", kind: "bool", help: "Only print the digest" },
  ],
  args: { least: 2, most: 2 },
  run,
};

async function run(cli: Cli, { flags, args: [source = "", target = ""] }: Invocation): Promise<number> {
  const isJSON = jsonFormat(flags);
  if (flags.bool("all") && flags.has("platform"))
    throw new ExitError(1, "--all and --platform exclude each other");
  const [from, to] = [absolute(cli, source), absolute(cli, target)];
  const request: ImageCopyRequest = {
    Source: from,
    Target: to,
    All: flags.bool("all"),
    Platform: flags.text("platform"),
    ...(await auth(cli, "SourceAuth", from)),
    ...(await auth(cli, "TargetAuth", to)),
  };
  const messages = failOnError(cli.client.transfers.copy(request));
  if (!flags.bool("quiet") && !isJSON) {
    await showProgress(messages, cli.out);
    return 0;
  }
  let last: ProgressMessage = {};
  for await (const message of messages) last = message;
  const result = last.aux;
  if (isJSON) await cli.out.write(`${toJSON(result)}\n`);
  else await cli.out.write(`${digestOf(result)}\n`);
  return 0;
}

/** The engine knows nothing of where the command was called. */
function absolute(cli: Cli, place: string): string {
  const file = /^(oci|docker-archive):([^:]+)(.*)$/.exec(place);
  return file ? `${file[1]}:${pathAt(cli, file[2] ?? "")}${file[3] ?? ""}` : place;
}

async function auth(cli: Cli, field: "SourceAuth" | "TargetAuth", place: string): Promise<ImageCopyRequest> {
  const name = /^docker:\/\/(.+)$/.exec(place)?.[1];
  return name === undefined ? {} : { [field]: await registryAuth(cli, name) };
}

function digestOf(result: unknown): string {
  return typeof result === "object" && result !== null && "Digest" in result ? String(result.Digest) : "";
}
