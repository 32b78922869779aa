import { formatBytes, shortID } from "../../../base/index.ts";
import type { ImageLayer, ImageLayersResponse } from "../../../wire/index.ts";
import type { Cli, Command, Invocation } from "../../cli.ts";
import { ExitError } from "../../exit.ts";
import type { FlagValues } from "../../flags/index.ts";
import { alignTable, ellipsis, printListing, type Row } from "../../listing/index.ts";
import { toJSON } from "../../template/index.ts";
import { changeText } from "./change-text.ts";
import { jsonFormat } from "./json-format.ts";
import { stepText } from "./layers-of.ts";

export const imageLayersCommand: Command = {
  usage: "layers [OPTIONS] IMAGE",
  summary: "Show what each layer of an image costs, what it changes and what is carried for nothing",
  flags: [
    { name: "files", kind: "bool", help: "List the files that each layer adds, changes and deletes" },
    { name: "layer", kind: "uint", help: "With --files: only those of the layer of this number" },
    { name: "format", kind: "string", help: "Print as `json`, or each layer by a Go template" },
    { name: "no-trunc", kind: "bool", help: "Do not shorten commands" },
    { name: "wasters", kind: "uint", default: "10", help: "How many of the paths that waste most to show" },
  ],
  args: { least: 1, most: 1 },
  run,
};

async function run(cli: Cli, { flags, args: [name = ""] }: Invocation): Promise<number> {
  const format = flags.find("format");
  checkFlags(flags);
  if (flags.bool("files")) return await printFiles(cli, name, { layer: flags.int("layer"), format });
  const view = await cli.client.layerViews.layers(name);
  if (format === "json") {
    await cli.out.write(`${toJSON(view)}\n`);
    return 0;
  }
  const options = { full: flags.bool("no-trunc"), width: (await cli.out.terminal())?.columns };
  await printListing(cli.out, view.Layers.map(layerRow(options)), {
    format,
    table:
      "{{.Number}}\t{{.ID}}\t{{.Size}}\t{{.Compressed}}\t{{.Added}}\t{{.Changed}}\t{{.Deleted}}\t{{.Wasted}}\t{{.Command}}",
    headings: {
      Number: "LAYER",
      ID: "DIGEST",
      Digest: "DIGEST",
      DiffID: "DIFF ID",
      ChainID: "CHAIN ID",
      Size: "SIZE",
      Compressed: "COMPRESSED",
      Added: "ADDED",
      Changed: "CHANGED",
      Deleted: "DELETED",
      MetadataOnly: "METADATA ONLY",
      Wasted: "WASTED",
      WastedFiles: "WASTED FILES",
      Created: "CREATED",
      Command: "COMMAND",
    },
    type: "layerContext",
  });
  if (format === undefined || format === "table")
    await cli.out.write(summary(view, flags.int("wasters") ?? 0));
  return 0;
}

function checkFlags(flags: FlagValues): void {
  if (!flags.bool("files")) {
    if (flags.has("layer")) throw new ExitError(1, "--layer is for --files alone");
    return;
  }
  jsonFormat(flags);
  for (const flag of ["no-trunc", "wasters"]) {
    if (flags.has(flag)) throw new ExitError(1, `--${flag} and --files exclude each other`);
  }
}

function layerRow(options: { full: boolean; width: number | undefined }) {
  const room = Math.max(24, (options.width ?? 140) - 96);
  return (layer: ImageLayer, index: number): Row => {
    const command = stepText(layer.Command);
    return {
      Number: String(index + 1),
      ID: shortID(layer.Digest),
      Digest: layer.Digest,
      DiffID: layer.DiffID,
      ChainID: layer.ChainID,
      Size: formatBytes(layer.Size),
      Compressed: formatBytes(layer.CompressedSize),
      Added: String(layer.Added),
      Changed: String(layer.Changed),
      Deleted: String(layer.Deleted),
      MetadataOnly: String(layer.MetadataOnly),
      Wasted: formatBytes(layer.Wasted),
      WastedFiles: String(layer.WastedFiles),
      Created: layer.Created,
      Command: options.full ? command : ellipsis(command, room),
    };
  };
}

function summary(view: ImageLayersResponse, most: number): string {
  const { Size, CompressedSize, Wasted, Efficiency, Layers } = view;
  const layers = Layers.length === 1 ? "1 layer" : `${Layers.length} layers`;
  const sizes = `${layers}, ${formatBytes(Size)} unpacked, ${formatBytes(CompressedSize)} compressed`;
  const hidden =
    Wasted > 0
      ? `: ${formatBytes(Wasted)} are overwritten or deleted by a later layer`
      : ": nothing is hidden";
  const metadata = Layers.reduce((sum, layer) => sum + layer.MetadataOnly, 0);
  const note =
    metadata > 0
      ? `${metadata} files were copied whole though their content stayed: for a mode, an owner, or nothing\n`
      : "";
  return `\n${sizes}\nEfficiency ${Efficiency}%${hidden}\n${note}${wasters(view.Wasters.slice(0, most))}`;
}

function wasters(list: ImageLayersResponse["Wasters"]): string {
  if (list.length === 0) return "";
  const lines = list.map(({ Path, Bytes, Copies }) => `${formatBytes(Bytes)}\t${Copies}\t${Path}`);
  return `\n${alignTable(["WASTED\tCOPIES\tPATH", ...lines])}`;
}

async function printFiles(
  cli: Cli,
  name: string,
  { layer, format }: { layer: number | undefined; format: string | undefined },
): Promise<number> {
  for await (const change of await cli.client.layerViews.files(name, { layer })) {
    const number = layer === undefined ? `${change.Layer}  ` : "";
    await cli.out.write(
      format === "json" ? `${JSON.stringify(change)}\n` : `${number}${changeText(change)}\n`,
    );
  }
  return 0;
}
