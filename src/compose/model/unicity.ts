import { portKey, targetOfMount, targetOfVolume } from "./short-syntax.ts";
import { type List, type Path, pathMatches, type Tree, textAt, textOf } from "./tree.ts";

type KeyOf = (item: Tree) => string | undefined;

/** Lists whose items have a key: of two items with one key the later stays, at the place of the earlier. */
export function enforceUnicity(tree: Tree, path: Path = []): Tree {
  if (tree.kind === "dict") {
    const entries = new Map<string, Tree>();
    for (const [key, value] of tree.entries) entries.set(key, enforceUnicity(value, [...path, key]));
    return { ...tree, entries };
  }
  if (tree.kind === "leaf") return tree;
  const keyOf = keys.find(([pattern]) => pathMatches(path, pattern))?.[1];
  return keyOf === undefined ? tree : unique(tree, keyOf);
}

function unique(tree: List, keyOf: KeyOf): List {
  const items: Tree[] = [];
  const places = new Map<string, number>();
  for (const item of tree.items) {
    const key = keyOf(item);
    const place = key === undefined ? undefined : places.get(key);
    if (place !== undefined) {
      items[place] = item;
      continue;
    }
    if (key !== undefined) places.set(key, items.length);
    items.push(item);
  }
  return { ...tree, items };
}

const byName: KeyOf = (item) => textOf(item)?.split("=", 1)[0];
const byText: KeyOf = (item) => textOf(item);
const byPath: KeyOf = (item) => textOf(item) ?? textAt(item, "path");
const byLink: KeyOf = (item) => textOf(item)?.split(/[=:]/, 1)[0];

const keys: readonly (readonly [pattern: readonly string[], keyOf: KeyOf])[] = (
  [
    ["networks.*.labels", byName],
    ["networks.*.ipam.options", byName],
    ["volumes.*.labels", byName],
    ["services.*.annotations", byName],
    ["services.*.build.args", byName],
    ["services.*.build.additional_contexts", byName],
    ["services.*.build.platform", byText],
    ["services.*.build.platforms", byText],
    ["services.*.build.tags", byText],
    ["services.*.build.labels", byName],
    ["services.*.cap_add", byText],
    ["services.*.cap_drop", byText],
    ["services.*.configs", targetOfMount("")],
    ["services.*.deploy.labels", byName],
    ["services.*.devices", targetOfVolume],
    ["services.*.dns", byText],
    ["services.*.dns_opt", byText],
    ["services.*.dns_search", byText],
    ["services.*.environment", byName],
    ["services.*.env_file", byPath],
    ["services.*.expose", byText],
    ["services.*.labels", byName],
    ["services.*.links", byLink],
    ["services.*.networks.*.aliases", byText],
    ["services.*.networks.*.link_local_ips", byText],
    ["services.*.ports", portKey],
    ["services.*.profiles", byText],
    ["services.*.secrets", targetOfMount("/run/secrets")],
    ["services.*.security_opt", byText],
    ["services.*.sysctls", byName],
    ["services.*.tmpfs", byText],
    ["services.*.volumes", targetOfVolume],
  ] as const
).map(([pattern, keyOf]) => [pattern.split("."), keyOf]);
