import { isKind } from "../../base/index.ts";
import type { Client } from "../../client/index.ts";
import type { Command } from "../cli.ts";
import { ExitError } from "../exit.ts";
import { printInspected } from "../inspect.ts";
import { printAsRun } from "./container/as-run.ts";

export const inspectCommand: Command = {
  usage: "inspect [OPTIONS] NAME|ID [NAME|ID...]",
  summary: "Return low-level information on Docker objects",
  flags: [
    {
      name: "as",
      kind: "string",
      help: "Print in another form: `run`, the command that makes the container again",
    },
    {
      name: "format",
      short: "f",
      kind: "string",
      help: "Format output using a Go template, `json`, `table` or `table TEMPLATE`",
    },
    { name: "size", short: "s", kind: "bool", help: "Display total file sizes if the type is container" },
    { name: "type", kind: "string", help: "Only inspect objects of the given type" },
  ],
  args: { least: 1 },
  run: async (cli, { flags, args }) => {
    if (flags.has("as")) return await printAsRun(cli, args, flags.text("as"));
    const kinds = inspectors(cli.client, flags.bool("size"));
    const wanted = flags.text("type");
    const chosen = wanted === "" ? kinds : kinds.filter(({ type }) => type === wanted);
    const [only] = chosen;
    if (!only) throw new ExitError(1, `unknown type: "${wanted}": must be one of ${types.join(", ")}`);
    return await printInspected(cli, args, {
      format: flags.find("format"),
      get: (name) => (wanted === "" ? firstFound(name, kinds) : only.get(name)),
    });
  },
};

const types = ["container", "image", "network", "volume"].map((type) => JSON.stringify(type));

interface Inspector {
  readonly type: string;
  get(name: string): Promise<unknown>;
}

function inspectors(client: Client, size: boolean): Inspector[] {
  return [
    { type: "container", get: (name) => client.containers.inspect(name, { size }) },
    { type: "image", get: (name) => client.images.inspect(name) },
    { type: "network", get: (name) => client.networks.inspect(name) },
    { type: "volume", get: (name) => client.volumes.inspect(name) },
  ];
}

/** The first kind that knows the name answers. */
async function firstFound(name: string, kinds: readonly Inspector[]): Promise<unknown> {
  for (const kind of kinds) {
    try {
      return await kind.get(name);
    } catch (error) {
      if (!isKind(error, "not-found")) throw error;
    }
  }
  throw new ExitError(1, `Error: No such object: ${name}`);
}
