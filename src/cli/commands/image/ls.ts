import { formatBytes, shortID } from "../../../base/index.ts";
import type { ImageSummary } from "../../../wire/index.ts";
import type { Cli, Command, Invocation } from "../../cli.ts";
import { chosenFormat } from "../../config-format.ts";
import { ago, goTime, printListing, type Row } from "../../listing/index.ts";

export const listImagesCommand: Command = {
  usage: "ls [OPTIONS] [REPOSITORY[:TAG]]",
  summary: "List images",
  flags: [
    { name: "all", short: "a", kind: "bool", help: "Show all images (default hides intermediate images)" },
    { name: "digests", kind: "bool", help: "Show digests" },
    { name: "filter", short: "f", kind: "filter", help: "Filter output based on conditions provided" },
    {
      name: "format",
      kind: "string",
      help: "Format output using a Go template, `json`, `table` or `table TEMPLATE`",
    },
    { name: "no-trunc", kind: "bool", help: "Don't truncate output" },
    { name: "quiet", short: "q", kind: "bool", help: "Only show image IDs" },
    { name: "tree", kind: "bool", help: "List multi-platform images as a tree (EXPERIMENTAL)" },
  ],
  args: { least: 0, most: 1 },
  run,
};

async function run(cli: Cli, invocation: Invocation): Promise<number> {
  const { flags, args } = invocation;
  if (flags.bool("tree")) {
    const [{ showTree }, { jsonFormat }] = await Promise.all([
      import("./tree.ts"),
      import("./json-format.ts"),
    ]);
    return await showTree(cli, { names: args, json: jsonFormat(flags) });
  }
  const filters = flags.filters("filter");
  if (args[0] !== undefined) filters.reference = [...(filters.reference ?? []), args[0]];
  const images = await cli.client.images.list({ all: flags.bool("all"), filters });
  const newest = [...images].sort((a, b) => b.Created - a.Created);
  const format = await chosenFormat(cli, flags, "imagesFormat");
  const digests = flags.bool("digests");
  const how = { full: flags.bool("no-trunc"), digests: digests || /\.Digest\b/.test(format ?? "") };
  const plain = !flags.find("format") || format === "table";
  const columns = ["Repository", "Tag", ...(digests ? ["Digest"] : []), "ID", "CreatedSince", "Size"];
  await printListing(
    cli.out,
    newest.flatMap((image) => imageRows(image, how)),
    {
      format: flags.bool("quiet") && plain ? "{{.ID}}" : format,
      table: columns.map((column) => `{{.${column}}}`).join("\t"),
      headings: imageHeadings,
      type: "imageContext",
      runError: "template parsing error",
    },
  );
  return 0;
}

const imageHeadings = {
  ID: "IMAGE ID",
  Repository: "REPOSITORY",
  Tag: "TAG",
  Digest: "DIGEST",
  CreatedSince: "CREATED",
  CreatedAt: "CREATED AT",
  Size: "SIZE",
  Containers: "CONTAINERS",
  VirtualSize: "SIZE",
  SharedSize: "SHARED SIZE",
  UniqueSize: "UNIQUE SIZE",
} as const;

interface Name {
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
}

/** One row for each name of the image; one without name for an image that has none. */
export function imageRows(
  image: ImageSummary,
  { full, digests }: { full: boolean; digests: boolean },
): Row[] {
  const common = {
    ID: full ? image.Id : shortID(image.Id),
    CreatedSince: ago(image.Created),
    CreatedAt: goTime(image.Created),
    Size: formatBytes(image.Size),
    VirtualSize: formatBytes(image.Size, 4),
    SharedSize: image.SharedSize < 0 ? "N/A" : formatBytes(image.SharedSize),
    UniqueSize: image.SharedSize < 0 ? "N/A" : formatBytes(image.Size - image.SharedSize),
    Containers: image.Containers < 0 ? "N/A" : String(image.Containers),
  };
  return namesOf(image).map(({ repository, tag, digest }) => ({
    ...common,
    Repository: repository,
    Tag: tag,
    Digest: digests ? digest : "<none>",
  }));
}

function namesOf(image: ImageSummary): Name[] {
  const digests = new Map((image.RepoDigests ?? []).map((text): [string, string] => split(text, "@")));
  const tagged = (image.RepoTags ?? []).filter((text) => text !== "<none>:<none>");
  const names = tagged.map((text): Name => {
    const [repository, tag] = split(text, ":");
    return { repository, tag, digest: digests.get(repository) ?? "<none>" };
  });
  if (names.length > 0) return names;
  const [first] = [...digests].filter(([repository]) => repository !== "<none>");
  return [{ repository: first?.[0] ?? "<none>", tag: "<none>", digest: first?.[1] ?? "<none>" }];
}

function split(text: string, separator: string): [string, string] {
  const at = text.lastIndexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}
