import { codeOf } from "../../../base/index.ts";
import { failOnError } from "../../../client/index.ts";
import type { Cli, Command, Invocation } from "../../cli.ts";
import { ExitError } from "../../exit.ts";
import { pathAt, readPieces } from "../../files/index.ts";
import { showProgress } from "../../progress/index.ts";

export const loadCommand: Command = {
  usage: "load [OPTIONS]",
  summary: "Load an image from a tar archive or STDIN",
  flags: [
    { name: "input", short: "i", kind: "string", help: "Read from tar archive file, instead of STDIN" },
    {
      name: "platform",
      kind: "string",
      help: 'Load only the given platform variant. Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")',
    },
    { name: "quiet", short: "q", kind: "bool", help: "Suppress the load output" },
  ],
  args: { least: 0, most: 0 },
  run,
};

async function run(cli: Cli, { flags }: Invocation): Promise<number> {
  const quiet = flags.bool("quiet");
  const input = flags.find("input");
  const tar = input ? await openInput(pathAt(cli, input)) : await openStdin(cli);
  const messages = failOnError(cli.client.images.load(tar, { quiet, platform: flags.find("platform") }));
  if (!quiet) {
    await showProgress(messages, cli.out);
    return 0;
  }
  for await (const message of messages) if (message.stream) await cli.out.write(message.stream);
  return 0;
}

async function openInput(path: string): Promise<AsyncIterable<Uint8Array>> {
  const { access } = await import("node:fs/promises");
  await access(path).catch((error: unknown) => {
    if (codeOf(error) !== "ENOENT") throw error;
    throw new ExitError(1, `open ${path}: no such file or directory`);
  });
  return readPieces(path);
}

async function openStdin(cli: Cli): Promise<AsyncIterable<Uint8Array>> {
  const { isatty } = await import("node:tty");
  if (isatty(0)) throw new ExitError(1, "requested load from stdin, but stdin is empty");
  return cli.stdin();
}
