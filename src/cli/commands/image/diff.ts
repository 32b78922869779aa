import type { ImageFileChange } from "../../../wire/index.ts";
import type { Cli, Command, Invocation } from "../../cli.ts";
import { toJSON } from "../../template/index.ts";
import { changeText, growthOf, signedBytes } from "./change-text.ts";
import { jsonFormat } from "./json-format.ts";

export const diffImagesCommand: Command = {
  usage: "diff [OPTIONS] IMAGE IMAGE",
  summary: "Show the files that differ between two images",
  flags: [
    { name: "path", kind: "string", help: "Only what lies at or below this path" },
    { name: "summary", kind: "bool", help: "Only count" },
    { name: "format", kind: "string", help: "Print as `json`" },
  ],
  args: { least: 2, most: 2 },
  run,
};

async function run(cli: Cli, { flags, args: [older = "", newer = ""] }: Invocation): Promise<number> {
  const isJSON = jsonFormat(flags);
  const { head, changes } = await cli.client.layerViews.diff(older, newer, { path: flags.find("path") });
  const counts = { A: 0, C: 0, D: 0 };
  let bytes = 0;
  const kept: ImageFileChange[] = [];
  for await (const change of changes) {
    counts[change.Change] += 1;
    bytes += growthOf(change);
    if (flags.bool("summary")) continue;
    if (isJSON) kept.push(change);
    else await cli.out.write(`${changeText(change)}\n`);
  }
  const { A: Added, C: Changed, D: Deleted } = counts;
  if (isJSON) {
    const totals = { ...head, Added, Changed, Deleted, Bytes: bytes };
    await cli.out.write(`${toJSON(flags.bool("summary") ? totals : { ...totals, Changes: kept })}\n`);
    return 0;
  }
  const shared = head.SharedLayers === 1 ? "1 layer is" : `${head.SharedLayers} layers are`;
  const text = `${Added} added, ${Changed} changed, ${Deleted} deleted, ${signedBytes(bytes)}; ${shared} shared`;
  await cli.out.write(`${text}\n`);
  return 0;
}
