import { formatBytes, isKind } from "../../../base/index.ts";
import type { ContainerSummary, ImageInspect } from "../../../wire/index.ts";
import { ago, alignTable } from "../../listing/index.ts";
import type { Compose, ComposeCommand } from "./compose-command.ts";
import { labelOf, nameOf, summariesOf } from "./containers.ts";
import { quietFlag } from "./flags.ts";
import { oneOf } from "./global-flags.ts";

export const imagesVerb: ComposeCommand = {
  usage: "images [OPTIONS] [SERVICE...]",
  summary: "List images used by the created containers",
  flags: [
    {
      name: "format",
      kind: "string",
      default: "table",
      help: "Format the output. Values: [table | json]",
      check: oneOf("table", "json"),
    },
    quietFlag("Only display IDs"),
  ],
  args: { least: 0 },
  run: async (compose, { flags, args }) => {
    const { name } = await compose.find(args);
    const containers = await summariesOf(compose, name, true);
    const own = containers.filter((row) => args.length === 0 || args.includes(labelOf(row, "service")));
    const rows = (await Promise.all(own.map((row) => imageRow(compose, row)))).filter(
      (row) => row !== undefined,
    );
    const { out } = compose.cli;
    if (flags.bool("quiet")) {
      await out.write([...new Set(rows.map(({ ID }) => `${ID.replace("sha256:", "")}\n`))].join(""));
    } else if (flags.text("format") === "json") await out.write(`${JSON.stringify(rows)}\n`);
    else {
      const lines = rows.map((row) =>
        [
          row.ContainerName,
          row.Repository,
          row.Tag,
          row.Platform,
          row.ID.replace("sha256:", "").slice(0, 12),
          formatBytes(row.Size),
          ago(Date.parse(row.Created) / 1000),
        ].join("\t"),
      );
      await out.write(
        alignTable(["CONTAINER\tREPOSITORY\tTAG\tPLATFORM\tIMAGE ID\tSIZE\tCREATED", ...lines]),
      );
    }
    return 0;
  },
};

async function imageRow({ cli }: Compose, row: ContainerSummary) {
  const image = await findImage(() => cli.client.images.inspect(row.ImageID));
  if (image === undefined) return undefined;
  const [, repository = "<none>", tag = "<none>"] =
    /^(.*?)(?::([^:/]+))?$/.exec(image.RepoTags[0] ?? "") ?? [];
  return {
    ID: image.Id,
    ContainerName: nameOf(row),
    Repository: repository === "" ? "<none>" : repository,
    Tag: tag,
    Platform: `${image.Os}/${image.Architecture}`,
    Size: image.Size,
    Created: image.Created,
  };
}

async function findImage(inspect: () => Promise<ImageInspect>): Promise<ImageInspect | undefined> {
  try {
    return await inspect();
  } catch (error) {
    if (isKind(error, "not-found")) return undefined;
    throw error;
  }
}
