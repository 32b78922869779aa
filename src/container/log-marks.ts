import { EngineError, shortID } from "../base/index.ts";
import { parseLogOptions } from "./log-config.ts";
import type { ContainerRecord } from "./types.ts";

type Marked = Pick<ContainerRecord, "id" | "name" | "image" | "config" | "hostConfig">;

/** What the lines of a container are marked with: labels, variables and the tag that its log options name. */
export function logMarks(record: Marked): Record<string, string> {
  const options = record.hostConfig.LogConfig?.Config ?? {};
  const labels = chosen(Object.entries(record.config.Labels ?? {}), options.labels, options["labels-regex"]);
  const variables = (record.config.Env ?? []).map((entry): [string, string] => {
    const cut = entry.indexOf("=");
    return cut < 0 ? [entry, ""] : [entry.slice(0, cut), entry.slice(cut + 1)];
  });
  return {
    ...labels,
    ...chosen(variables, options.env, options["env-regex"]),
    ...(options.tag ? { tag: renderTag(options.tag, record) } : {}),
  };
}

/** The fields that the journal is told with each message. */
export function journalFields(record: Marked): Record<string, string> {
  const { tag, ...marks } = logMarks(record);
  const shown = tag ?? shortID(record.id);
  const own = Object.entries(marks).map(([key, value]) => [fieldName(key), value] as const);
  return {
    ...Object.fromEntries(own.filter(([key]) => key !== "")),
    CONTAINER_ID: shortID(record.id),
    CONTAINER_ID_FULL: record.id,
    CONTAINER_NAME: record.name,
    CONTAINER_TAG: shown,
    IMAGE_NAME: record.config.Image ?? "",
    SYSLOG_IDENTIFIER: shown,
  };
}

/** Throws `invalid` for a tag that names what there is not, before a container stands on it. */
export function checkTag(record: Marked): void {
  const { driver } = parseLogOptions(record.hostConfig.LogConfig);
  if (driver !== "none") logMarks(record);
}

function chosen(
  entries: readonly (readonly [string, string])[],
  names: string | undefined,
  pattern: string | undefined,
): Record<string, string> {
  const wanted = new Set((names ?? "").split(",").map((name) => name.trim()));
  const matches = pattern ? new RegExp(pattern) : undefined;
  return Object.fromEntries(entries.filter(([key]) => wanted.has(key) || matches?.test(key)));
}

/** Fields of a tag, without the rest of Go's template language. */
function renderTag(template: string, record: Marked): string {
  const fields: Readonly<Record<string, string>> = {
    ID: shortID(record.id),
    FullID: record.id,
    Name: record.name,
    ImageID: shortID(record.image.replace(/^sha256:/, "")),
    ImageFullID: record.image,
    ImageName: record.config.Image ?? "",
    Command: [...(record.config.Entrypoint ?? []), ...(record.config.Cmd ?? [])].join(" "),
    DaemonName: "gantry",
  };
  return template.replace(/{{\s*(.*?)\s*}}/g, (_, inner: string) => {
    const value = inner.startsWith(".") ? fields[inner.slice(1)] : undefined;
    if (value !== undefined) return value;
    throw new EngineError(
      "invalid",
      `failed to initialize logging driver: template: log-tag: can't evaluate "${inner}"`,
      { subject: inner },
    );
  });
}

/** The journal takes capital letters, digits and underscores, no underscore first. */
function fieldName(key: string): string {
  return key
    .toUpperCase()
    .replace(/[^A-Z0-9_]/g, "_")
    .replace(/^_+/, "");
}
