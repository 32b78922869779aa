import { failOnError } from "../../../client/index.ts";
import type { Cli, Command, Invocation } from "../../cli.ts";
import { ExitError } from "../../exit.ts";
import { busyboxTar } from "./busybox-tar.ts";
import { splitReference } from "./reference.ts";

export const bootstrapCommand: Command = {
  usage: "bootstrap [OPTIONS] busybox",
  summary: "Make a base image from this machine's static busybox, without a registry",
  flags: [
    { name: "tag", short: "t", kind: "string", default: "busybox:latest", help: "Name of the image" },
    { name: "quiet", short: "q", kind: "bool", help: "Only print the image ID" },
  ],
  args: { least: 1, most: 1 },
  run,
};

async function run(cli: Cli, { flags, args: [what = ""] }: Invocation): Promise<number> {
  if (what !== "busybox")
    throw new ExitError(1, `unknown base image "${what}": only busybox can be made here`);
  const { repository, tag = "latest" } = splitReference(flags.text("tag"));
  const messages = cli.client.images.importTar(await busyboxTar(), {
    repository,
    tag,
    message: "Made from this machine's busybox",
    changes: ["ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 'CMD ["sh"]'],
  });
  let id = "";
  for await (const message of failOnError(messages)) id = message.status ?? id;
  await cli.out.write(flags.bool("quiet") ? `${id}\n` : `${id}\nTagged ${repository}:${tag}\n`);
  return 0;
}
