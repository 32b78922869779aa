import { EngineError, parseDigest } from "../base/index.ts";
import {
  type ContainerRecord,
  type ContainerStore,
  countsAsRunning,
  expandPorts,
  type HealthView,
} from "../container/index.ts";
import type { ImageService } from "../image/index.ts";
import type { Filters } from "../wire/index.ts";
import { booleanFilter, checkKeys, matchesAny, matchesLabels } from "./filter.ts";

interface Needs {
  readonly store: Pick<ContainerStore, "find" | "get">;
  readonly images: Pick<ImageService, "find">;
  readonly network: { get(reference: string): { id: string; name: string } };
  health(id: string): HealthView | undefined;
  /** The host ports of a container, such as `8080/tcp`. */
  published(record: ContainerRecord): readonly string[];
}

type Test = (record: ContainerRecord, values: readonly string[], needs: Needs) => boolean;

const states = ["created", "restarting", "running", "removing", "paused", "exited", "dead"];
const healths = ["none", "starting", "healthy", "unhealthy"];

/** Each filter of `GET /containers/json`; a record stays when every given one holds. */
const tests: Readonly<Record<string, Test>> = {
  id: (record, values) => matchesAny(values, (value) => matchesText(record.id, value)),
  name: (record, values) => matchesAny(values, (value) => matchesName(record, value)),
  label: (record, values) => matchesLabels(record.config.Labels ?? {}, values),
  status: (record, values) => values.includes(record.state.phase),
  exited: (record, values) =>
    !countsAsRunning(record.state) &&
    record.state.startedAt !== "" &&
    values.some((value) => Number(value) === record.state.exitCode),
  health: (record, values, needs) => values.includes(needs.health(record.id)?.status ?? "none"),
  ancestor: (record, values, needs) => matchesAny(values, (value) => isDescendant(record, value, needs)),
  before: (record, values, needs) =>
    matchesAny(values, (value) => record.created < needs.store.get(value).created),
  since: (record, values, needs) =>
    matchesAny(values, (value) => record.created > needs.store.get(value).created),
  network: (record, values, needs) => matchesAny(values, (value) => isOnNetwork(record, value, needs)),
  volume: (record, values) =>
    matchesAny(values, (value) =>
      record.mounts.some((mount) => [mount.name, mount.destination, mount.source].includes(value)),
    ),
  publish: (record, values, needs) => matchesPorts(needs.published(record), values),
  expose: (record, values) => matchesPorts(Object.keys(record.config.ExposedPorts ?? {}), values),
  "is-task": (_record, values) => booleanFilter(new Map([["is-task", values]]), "is-task") !== true,
};

/** The records that match; throws `invalid` for a filter that does not exist or a value that it cannot have. */
export function filterContainers(
  records: readonly ContainerRecord[],
  filters: Filters,
  needs: Needs,
): ContainerRecord[] {
  checkKeys(filters, Object.keys(tests));
  checkValues(filters);
  return records.filter((record) =>
    [...filters].every(([key, values]) => values.length === 0 || tests[key]?.(record, values, needs)),
  );
}

function checkValues(filters: Filters): void {
  checkWords(filters, "status", { what: "state", known: states });
  checkWords(filters, "health", { what: "health", known: healths });
  booleanFilter(filters, "is-task");
  for (const value of filters.get("exited") ?? []) {
    if (/^[+-]?\d+$/.test(value)) continue;
    const why = `strconv.Atoi: parsing ${JSON.stringify(value)}: invalid syntax`;
    throw new EngineError("invalid", `invalid filter 'exited=${value}': ${why}`, { subject: value });
  }
}

function checkWords(
  filters: Filters,
  key: string,
  { what, known }: { readonly what: string; readonly known: readonly string[] },
): void {
  for (const value of filters.get(key) ?? []) {
    if (known.includes(value)) continue;
    const why = `invalid value for ${what} (${value}): must be one of ${known.join(", ")}`;
    throw new EngineError("invalid", `invalid filter '${key}=${value}': ${why}`, { subject: value });
  }
}

function matchesText(text: string, value: string): boolean {
  if (text.startsWith(value)) return true;
  try {
    return new RegExp(value).test(text);
  } catch {
    return false;
  }
}

/** Names match by regular expression, with or without the leading slash. */
function matchesName(record: ContainerRecord, value: string): boolean {
  if (record.name === value || `/${record.name}` === value) return true;
  try {
    const pattern = new RegExp(value);
    return pattern.test(record.name) || pattern.test(`/${record.name}`);
  } catch {
    return false;
  }
}

function isDescendant(record: ContainerRecord, value: string, needs: Needs): boolean {
  const image = needs.images.find(value);
  if (!image) return record.config.Image === value;
  if (image.id === record.image) return true;
  const own = needs.images.find(parseDigest(record.image))?.config.rootfs.diff_ids ?? [];
  const layers = image.config.rootfs.diff_ids;
  return layers.length > 0 && layers.length <= own.length && layers.every((layer, at) => own[at] === layer);
}

function isOnNetwork(record: ContainerRecord, value: string, needs: Needs): boolean {
  const mode = record.hostConfig.NetworkMode ?? "";
  const keys = Object.keys(record.endpoints);
  if (mode === value || keys.includes(value)) return true;
  try {
    const { id, name } = needs.network.get(value);
    return keys.some((key) => key === id || key === name) || mode === name;
  } catch {
    return false;
  }
}

function matchesPorts(ports: readonly string[], values: readonly string[]): boolean {
  const own = new Set(expandPorts(ports));
  return expandPorts(values).some((port) => own.has(port));
}
