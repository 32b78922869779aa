import { mistake } from "./error.ts";
import {
  type Dict,
  dict,
  formatPath,
  isNull,
  keepKey,
  type List,
  leaf,
  list,
  type Path,
  pathMatches,
  type Tree,
  textAt,
  textOf,
  without,
} from "./tree.ts";
import { enforceUnicity } from "./unicity.ts";

/** How two values at one place become one. `over` comes from the later file. */
type Rule = (base: Tree, over: Tree, path: Path) => Tree;

/**
 * `over` laid on `base`: mappings merge deeply, lists append, scalars replace, and some keys have rules of their own
 * (environment by name, ports and volumes by what they address, commands whole). Neither argument is changed.
 */
export function merge(base: Dict, over: Dict, path: Path = []): Dict {
  const merged = mergeDicts(base, over, path);
  const unique = enforceUnicity(merged, path);
  return unique.kind === "dict" ? unique : merged;
}

/** A lone document: `!reset` values are gone and `!override` means nothing. */
export function settle(tree: Dict): Dict {
  const entries: [string, Tree][] = [];
  for (const [key, value] of tree.entries) {
    if (value.tag !== "reset") entries.push([key, settleValue(value)]);
  }
  return { ...withoutTag(tree), entries: new Map(entries) };
}

function settleValue(tree: Tree): Tree {
  const plain = withoutTag(tree);
  if (plain.kind === "dict") return settle(plain);
  if (plain.kind === "leaf") return plain;
  return { ...plain, items: plain.items.filter((item) => item.tag !== "reset").map(settleValue) };
}

function withoutTag<T extends Tree>(tree: T): T {
  if (tree.tag === undefined) return tree;
  const { tag: _, ...rest } = tree;
  return rest as T;
}

function mergeDicts(base: Dict, over: Dict, path: Path): Dict {
  const entries = new Map(base.entries);
  for (const [key, value] of over.entries) {
    const before = entries.get(key);
    if (value.tag === "reset") entries.delete(key);
    else if (before === undefined || value.tag === "override") entries.set(key, settleValue(value));
    else entries.set(key, keepKey(value, mergeValues(before, value, [...path, key])));
  }
  return { ...base, entries };
}

function mergeValues(base: Tree, over: Tree, path: Path): Tree {
  const special = rules.find(([pattern]) => pathMatches(path, pattern));
  if (special) return special[1](base, over, path);
  if (isNull(base)) return settleValue(over);
  if (base.kind === "dict") {
    if (isNull(over)) return base;
    if (over.kind !== "dict") throw mistake(over.at, path, "must be a mapping, as in the file before");
    return mergeDicts(base, over, path);
  }
  if (base.kind === "list") {
    if (isNull(over)) return base;
    if (over.kind !== "list") throw mistake(over.at, path, "must be a list, as in the file before");
    return append(base, over);
  }
  return settleValue(over);
}

const replace: Rule = (_base, over) => settleValue(over);

function append(base: List, over: List): List {
  return { ...base, items: [...base.items, ...over.items.map(settleValue)] };
}

/** Both forms of a `NAME=value` collection as one list; `unicity` lets the last of a name win. */
const toSequence: Rule = (base, over) => list([...sequence(base), ...sequence(settleValue(over))], over.at);

function sequence(tree: Tree): readonly Tree[] {
  if (isNull(tree)) return [];
  if (tree.kind === "list") return tree.items;
  if (tree.kind === "leaf") return [tree];
  return sorted(tree).map(([key, value]) =>
    leaf(textOf(value) === undefined ? key : `${key}=${textOf(value)}`, value.at),
  );
}

function sorted(tree: Dict): (readonly [string, Tree])[] {
  return [...tree.entries].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

const extraHosts: Rule = (base, over) => {
  const seen = new Set<string>();
  const items = [...hostLines(base), ...hostLines(settleValue(over))].filter((item) => {
    const text = textOf(item) ?? "";
    return seen.has(text) ? false : seen.add(text);
  });
  return list(items, over.at);
};

function hostLines(tree: Tree): readonly Tree[] {
  if (tree.kind !== "dict") return sequence(tree);
  return sorted(tree).flatMap(([host, value]) => {
    const addresses = value.kind === "list" ? value.items : [value];
    return addresses.map((address) => leaf(`${host}=${textOf(address) ?? ""}`, address.at));
  });
}

/** Short forms (a list of names, a lone text) spelled as the mapping that they stand for, then merged. */
function asDictFirst(spell: (tree: Tree) => Tree): Rule {
  return (base, over, path) => {
    const before = spell(base);
    const after = spell(settleValue(over));
    if (before.kind === "dict" && after.kind === "dict") return mergeDicts(before, after, path);
    return isNull(after) ? before : after;
  };
}

function namesToDict(value: (at: Tree) => Tree): (tree: Tree) => Tree {
  return (tree) => {
    if (tree.kind !== "list") return tree;
    return dict(
      tree.items.map((item) => [textOf(item) ?? "", { ...value(item), keyAt: item.at }]),
      tree.at,
    );
  };
}

function buildToDict(tree: Tree): Tree {
  return tree.kind === "leaf" && tree.value !== null ? dict([["context", tree]], tree.at) : tree;
}

const logging: Rule = (base, over, path) => {
  if (base.kind !== "dict" || over.kind !== "dict") return settleValue(over);
  const [before, after] = [textAt(base, "driver"), textAt(over, "driver")];
  const same = before === undefined || after === undefined || before === after;
  return same ? mergeDicts(base, over, path) : mergeDicts(without(base, "options"), over, path);
};

/** Pools of one subnet merge, others append. */
const addressPools: Rule = (base, over, path) => {
  if (base.kind !== "list" || over.kind !== "list") {
    throw mistake(over.at, path, "must be a list");
  }
  const pools: Tree[] = [...base.items];
  for (const pool of over.items) {
    const at = pools.findIndex((known) => textAt(known, "subnet") === textAt(pool, "subnet"));
    const known = pools[at];
    if (known?.kind === "dict" && pool.kind === "dict") pools[at] = mergeDicts(known, pool, [...path, at]);
    else pools.push(settleValue(pool));
  }
  return { ...base, items: pools };
};

const started = (item: Tree): Tree =>
  dict(
    [
      ["condition", leaf("service_started", item.at)],
      ["required", leaf(true, item.at)],
    ],
    item.at,
  );
const empty = (item: Tree): Tree => leaf(null, item.at);

const rules: readonly (readonly [pattern: readonly string[], rule: Rule])[] = (
  [
    ["networks.*.ipam.config", addressPools],
    ["networks.*.labels", toSequence],
    ["volumes.*.labels", toSequence],
    ["models.*.runtime_flags", replace],
    ["services.*.annotations", toSequence],
    ["services.*.build", asDictFirst(buildToDict)],
    ["services.*.build.args", toSequence],
    ["services.*.build.additional_contexts", toSequence],
    ["services.*.build.extra_hosts", extraHosts],
    ["services.*.build.labels", toSequence],
    ["services.*.command", replace],
    ["services.*.depends_on", asDictFirst(namesToDict(started))],
    ["services.*.deploy.labels", toSequence],
    ["services.*.dns", toSequence],
    ["services.*.dns_opt", toSequence],
    ["services.*.dns_search", toSequence],
    ["services.*.entrypoint", replace],
    ["services.*.env_file", toSequence],
    ["services.*.label_file", toSequence],
    ["services.*.environment", toSequence],
    ["services.*.extra_hosts", extraHosts],
    ["services.*.healthcheck.test", replace],
    ["services.*.labels", toSequence],
    ["services.*.logging", logging],
    ["services.*.models", asDictFirst(namesToDict(empty))],
    ["services.*.networks", asDictFirst(namesToDict(empty))],
    ["services.*.sysctls", toSequence],
    ["services.*.tmpfs", toSequence],
    ["services.*.ulimits.*", replace],
  ] as const
).map(([pattern, rule]) => [pattern.split("."), rule]);

/** Refuses to merge what two files both define, unless they say the same. Names the place of the second. */
export function conflict(value: Tree, path: Path): Error {
  return mistake(value.keyAt ?? value.at, [], `${formatPath(path)} conflicts with imported resource`);
}
