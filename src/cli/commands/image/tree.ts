import type { Cli, Command } from "../../cli.ts";
import { toJSON } from "../../template/index.ts";
import { drawForest } from "./draw-forest.ts";
import { jsonFormat } from "./json-format.ts";
import { buildForest, type ImageStack, type Layer } from "./layer-forest.ts";
import { layersOf } from "./layers-of.ts";

export const treeCommand: Command = {
  usage: "tree [OPTIONS] [IMAGE...]",
  summary: "Show images as stacks of layers, and what they share",
  flags: [{ name: "format", kind: "string", help: "Print as `json` instead of a tree" }],
  args: { least: 0 },
  run: async (cli, { flags, args }) => await showTree(cli, { names: args, json: jsonFormat(flags) }),
};

/** Shows the layers of the named images, or of all. */
export async function showTree(
  cli: Cli,
  wanted: { readonly names: readonly string[]; readonly json: boolean },
): Promise<number> {
  const stacks = await readStacks(cli, wanted.names);
  const forest = buildForest(stacks);
  if (wanted.json) {
    await cli.out.write(`${toJSON({ images: stacks.map(imageJSON), ...forest.totals })}\n`);
    return 0;
  }
  const terminal = await cli.out.terminal();
  const colours = terminal !== undefined && cli.env.NO_COLOR === undefined;
  await cli.out.write(drawForest(forest, { colours, columns: terminal?.columns }));
  return 0;
}

async function readStacks(cli: Cli, names: readonly string[]): Promise<ImageStack[]> {
  const { images } = cli.client;
  const ids = names.length > 0 ? names : (await images.list()).map((image) => image.Id);
  const stacks = await Promise.all(
    ids.map(async (id): Promise<ImageStack> => {
      const [image, history] = await Promise.all([images.inspect(id), images.history(id)]);
      return { id: image.Id, names: image.RepoTags ?? [], layers: layersOf(image, history) };
    }),
  );
  // One image under two names is one stack.
  return [...new Map(stacks.map((stack) => [stack.id, stack])).values()];
}

function imageJSON({ id, names, layers }: ImageStack) {
  const size = layers.reduce((total, layer) => total + layer.size, 0);
  return { id, names, size, layers: layers.map((layer: Layer) => ({ ...layer })) };
}
