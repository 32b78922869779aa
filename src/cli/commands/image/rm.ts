import { isKind } from "../../../base/index.ts";
import type { Cli, Command, Invocation } from "../../cli.ts";
import { ExitError, explain } from "../../exit.ts";

export const removeImageCommand: Command = {
  usage: "rmi [OPTIONS] IMAGE [IMAGE...]",
  summary: "Remove one or more images",
  flags: [
    { name: "force", short: "f", kind: "bool", help: "Force removal of the image" },
    { name: "no-prune", kind: "bool", help: "Do not delete untagged parents" },
    {
      name: "platform",
      kind: "strings",
      help: 'Remove only the given platform variant. Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")',
    },
  ],
  args: { least: 1 },
  run,
};

/** One after the other, as Docker does: images may depend on each other. */
async function run(cli: Cli, { flags, args }: Invocation): Promise<number> {
  const force = flags.bool("force");
  const options = { force, noPrune: flags.bool("no-prune"), platforms: flags.list("platform") };
  const failures: string[] = [];
  let fatal = false;
  for (const name of args) {
    try {
      const items = await cli.client.images.remove(name, options);
      for (const item of items) {
        await cli.out.write(
          "Untagged" in item ? `Untagged: ${item.Untagged}\n` : `Deleted: ${item.Deleted}\n`,
        );
      }
    } catch (error) {
      if (!isKind(error, "not-found")) fatal = true;
      failures.push(explain(error));
    }
  }
  // By force, an image that is not there is told, but is no failure.
  if (failures.length > 0 && (fatal || !force)) throw new ExitError(1, failures.join("\n"));
  for (const failure of failures) await cli.err.write(`${failure}\n`);
  return 0;
}
