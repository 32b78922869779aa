import { failOnError } from "../../../client/index.ts";
import type { Cli, Command, Invocation } from "../../cli.ts";
import { ExitError } from "../../exit.ts";
import { pathAt, readPieces } from "../../files/index.ts";
import { splitReference } from "./reference.ts";

export const importCommand: Command = {
  usage: "import [OPTIONS] file|URL|- [REPOSITORY[:TAG]]",
  summary: "Import the contents from a tarball to create a filesystem image",
  flags: [
    { name: "change", short: "c", kind: "list", help: "Apply Dockerfile instruction to the created image" },
    { name: "message", short: "m", kind: "string", help: "Set commit message for imported image" },
    { name: "platform", kind: "string", help: "Set platform if server is multi-platform capable" },
  ],
  args: { least: 1, most: 2 },
  run,
};

async function run(cli: Cli, { flags, args: [source = "", reference = ""] }: Invocation): Promise<number> {
  const { repository, tag } = splitReference(reference);
  const messages = cli.client.images.importTar(await open(cli, source), {
    repository: repository || undefined,
    tag,
    message: flags.find("message"),
    changes: flags.list("change"),
    platform: flags.find("platform"),
  });
  for await (const { status, id } of failOnError(messages)) {
    if (status !== undefined) await cli.out.write(`${id ? `${id}: ` : ""}${status}\n`);
  }
  return 0;
}

async function open(cli: Cli, source: string): Promise<AsyncIterable<Uint8Array>> {
  if (source === "-") return cli.stdin();
  if (!/^https?:\/\//.test(source)) return readPieces(pathAt(cli, source));
  const response = await fetch(source);
  if (!response.ok || !response.body) throw new ExitError(1, `${source} answered with ${response.status}`);
  return response.body;
}
