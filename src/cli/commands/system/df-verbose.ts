import { formatBytes, shortID } from "../../../base/index.ts";
import type { DiskUsageResponse } from "../../../wire/index.ts";
import { ago, alignTable, ellipsis, goTime, type Row, rowJSON, rowObject } from "../../listing/index.ts";
import { ownJSON } from "../../template/index.ts";
import { containerRow } from "../container/row.ts";
import { imageRows } from "../image/ls.ts";
import { volumeRow } from "../volume/ls.ts";

type CacheItem = NonNullable<DiskUsageResponse["BuildCache"]>[number];

/** What a template of `system df -v` sees: lists of the rows that the listings of these things have. */
export function verboseData(usage: DiskUsageResponse): object {
  const lists = {
    Images: (usage.Images ?? []).flatMap((image) =>
      imageRows(image, { full: true, digests: false }).map((row) => ({
        ...row,
        Digest: "",
        SharedSize: formatBytes(Math.max(0, image.SharedSize), 4),
        UniqueSize: formatBytes(image.Size - Math.max(0, image.SharedSize), 4),
      })),
    ),
    Containers: (usage.Containers ?? []).map((container) => ({
      ...containerRow(container, { full: true }),
      Size: formatBytes(container.SizeRw ?? 0, 4),
    })),
    Volumes: (usage.Volumes ?? []).map((volume) => ({
      ...volumeRow(volume),
      Links: String(volume.UsageData?.RefCount ?? 0),
      Size: formatBytes(volume.UsageData?.Size ?? 0, 4),
    })),
    BuildCache: (usage.BuildCache ?? []).map(cacheRow),
  };
  const json = (): string =>
    `{${Object.entries(lists)
      .map(([name, rows]) => `${JSON.stringify(name)}:[${rows.map(rowJSON).join(",")}]`)
      .join(",")}}`;
  const data = Object.fromEntries(Object.entries(lists).map(([name, rows]) => [name, rows.map(rowObject)]));
  return Object.defineProperty(data, ownJSON, { value: json, enumerable: false });
}

function cacheRow(item: CacheItem): Row {
  return {
    ID: cacheID(item, true),
    Parent: "",
    CacheType: item.Type,
    Size: formatBytes(item.Size, 4),
    CreatedAt: timeText(item.CreatedAt),
    CreatedSince: timeAgo(item.CreatedAt),
    LastUsedAt: timeText(item.LastUsedAt),
    LastUsedSince: timeAgo(item.LastUsedAt),
    UsageCount: String(item.UsageCount ?? 0),
    InUse: String(item.InUse),
    Shared: String(item.Shared),
    Description: "",
  };
}

/** What is in use has a star, as Docker marks it. */
function cacheID({ ID, InUse }: CacheItem, full: boolean): string {
  return `${full ? ID : shortID(ID.replace(/^\w+:/, ""))}${InUse ? "*" : ""}`;
}

function timeText(time: string | null | undefined): string {
  return time ? goTime(Date.parse(time) / 1000) : "";
}

/** `system df -v` as tables. */
export function verboseText(usage: DiskUsageResponse, cacheSize: number): string {
  const imageLines = (usage.Images ?? []).map((image) => {
    const [name = "<none>:<none>"] = image.RepoTags ?? [];
    const shared = Math.max(0, image.SharedSize);
    const sizes = [formatBytes(image.Size), formatBytes(shared, 4), formatBytes(image.Size - shared, 4)];
    const colon = name.lastIndexOf(":");
    const parts = [name.slice(0, colon), name.slice(colon + 1), shortID(image.Id), ago(image.Created)];
    return [...parts, ...sizes, String(Math.max(0, image.Containers))].join("\t");
  });
  const containerLines = (usage.Containers ?? []).map((container) =>
    [
      shortID(container.Id),
      container.Image,
      JSON.stringify(ellipsis(container.Command, 20)),
      String((container.Mounts ?? []).filter((mount) => mount.Type === "volume").length),
      formatBytes(container.SizeRw ?? 0, 4),
      ago(container.Created),
      container.Status,
      container.Names.map((name) => name.replace(/^\//, "")).join(","),
    ].join("\t"),
  );
  const volumeLines = (usage.Volumes ?? []).map((volume) =>
    [volume.Name, String(volume.UsageData?.RefCount ?? 0), formatBytes(volume.UsageData?.Size ?? 0, 4)].join(
      "\t",
    ),
  );
  const cacheLines = (usage.BuildCache ?? []).map((item) =>
    [
      cacheID(item, false),
      item.Type,
      formatBytes(item.Size, 4),
      timeAgo(item.CreatedAt),
      timeAgo(item.LastUsedAt),
      String(item.UsageCount ?? 0),
      String(item.Shared),
    ].join("\t"),
  );
  return [
    section(
      "Images",
      "REPOSITORY\tTAG\tIMAGE ID\tCREATED\tSIZE\tSHARED SIZE\tUNIQUE SIZE\tCONTAINERS",
      imageLines,
    ),
    section(
      "Containers",
      "CONTAINER ID\tIMAGE\tCOMMAND\tLOCAL VOLUMES\tSIZE\tCREATED\tSTATUS\tNAMES",
      containerLines,
    ),
    section("Local Volumes", "VOLUME NAME\tLINKS\tSIZE", volumeLines),
    `Build cache usage: ${formatBytes(cacheSize, 4)}\n\n${alignTable([cacheHeading, ...cacheLines])}`,
  ].join("\n");
}

const cacheHeading = "CACHE ID\tCACHE TYPE\tSIZE\tCREATED\tLAST USED\tUSAGE\tSHARED";

function timeAgo(time: string | null | undefined): string {
  return time ? ago(Date.parse(time) / 1000) : "";
}

function section(title: string, heading: string, lines: readonly string[]): string {
  return `${title} space usage:\n\n${alignTable([heading, ...lines])}`;
}
