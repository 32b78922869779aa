import { canonicalPorts } from "./canonical-ports.ts";
import { canonicalVolume } from "./canonical-volumes.ts";
import { mistake } from "./error.ts";
import {
  changeEntry,
  type Dict,
  dict,
  entry,
  isNull,
  keepKey,
  leaf,
  list,
  type Path,
  type Tree,
  textAt,
  textOf,
  withEntry,
  without,
} from "./tree.ts";
import { enforceUnicity } from "./unicity.ts";
import { splitWords } from "./words.ts";

type Spell = (value: Tree, path: Path) => Tree;

/** Every short form spelled out, so that each thing is said in one way. Doing it twice changes nothing. */
export function canonical(tree: Dict): Dict {
  let result = tree;
  for (const section of ["networks", "volumes", "secrets", "configs"]) {
    result = eachEntry(result, section, canonicalResource);
  }
  result = eachEntry(result, "services", (value, path) =>
    value.kind === "dict" ? canonicalService(value, path) : value,
  );
  const unique = enforceUnicity(result);
  return unique.kind === "dict" ? unique : result;
}

/** One service spelled out. */
export function canonicalService(service: Dict, path: Path): Dict {
  let result = spellAll(service, serviceForms, path);
  result = changeEntry(result, "build", (build) => canonicalBuild(build, [...path, "build"]));
  result = changeEntry(result, "deploy", (deploy) =>
    deploy.kind === "dict" ? changeEntry(deploy, "labels", toMapping) : deploy,
  );
  return changeEntry(result, "healthcheck", (check) =>
    check.kind === "dict" ? changeEntry(check, "test", healthTest) : check,
  );
}

function canonicalBuild(build: Tree, path: Path): Tree {
  const long = build.kind === "dict" ? build : dict([["context", build]], build.at);
  return spellAll(long, buildForms, path);
}

function spellAll(owner: Dict, forms: Readonly<Record<string, Spell>>, path: Path): Dict {
  let result = owner;
  for (const [key, spell] of Object.entries(forms)) {
    result = changeEntry(result, key, (value) => spell(value, [...path, key]));
  }
  return result;
}

const serviceForms: Readonly<Record<string, Spell>> = {
  annotations: toMapping,
  command: toWords,
  configs: eachItem(fileReference),
  depends_on: dependsOn,
  dns: toList,
  dns_search: toList,
  entrypoint: toWords,
  env_file: envFiles,
  environment: toMapping,
  expose: eachItem(asText),
  extends: (value) => (value.kind === "leaf" ? dict([["service", value]], value.at) : value),
  extra_hosts: hosts,
  label_file: toList,
  labels: toMapping,
  networks: namesToMapping,
  ports: canonicalPorts,
  secrets: eachItem(fileReference),
  sysctls: toMapping,
  tmpfs: toList,
  volumes: eachItem(canonicalVolume),
};

const buildForms: Readonly<Record<string, Spell>> = {
  args: toMapping,
  additional_contexts: toMapping,
  extra_hosts: hosts,
  labels: toMapping,
};

function canonicalResource(value: Tree): Tree {
  if (value.kind !== "dict") return value;
  let result = changeEntry(value, "labels", toMapping);
  const external = entry(result, "external");
  if (external?.kind === "dict") {
    const name = textAt(external, "name");
    result = withEntry(result, "external", leaf(true, external.at));
    if (name !== undefined) result = withEntry(result, "name", leaf(name, external.at));
  }
  return external?.kind === "leaf" && external.value === false ? without(result, "external") : result;
}

function eachEntry(tree: Dict, section: string, change: Spell): Dict {
  return changeEntry(tree, section, (owner) => {
    if (owner.kind !== "dict") return owner;
    const entries = [...owner.entries].map(
      ([name, value]) => [name, keepKey(value, change(value, [section, name]))] as const,
    );
    return { ...owner, entries: new Map(entries) };
  });
}

function eachItem(spell: Spell): Spell {
  return (value, path) =>
    value.kind === "list"
      ? { ...value, items: value.items.map((item, index) => spell(item, [...path, index])) }
      : value;
}

function asText(value: Tree): Tree {
  return value.kind === "leaf" && value.value !== null ? { ...value, value: String(value.value) } : value;
}

function toList(value: Tree): Tree {
  return value.kind === "leaf" ? list([value], value.at) : value;
}

/** `NAME=value` lines as a mapping; a name without `=` has the value null. Values become text. */
function toMapping(value: Tree): Tree {
  if (value.kind === "dict") {
    return { ...value, entries: new Map([...value.entries].map(([key, item]) => [key, asText(item)])) };
  }
  if (value.kind === "leaf") return value;
  const entries = value.items.map((item): [string, Tree] => {
    const text = textOf(item) ?? "";
    const cut = text.indexOf("=");
    if (cut < 0) return [text, leaf(null, item.at)];
    return [text.slice(0, cut), leaf(text.slice(cut + 1), item.at)];
  });
  return dict(entries, value.at);
}

function namesToMapping(value: Tree): Tree {
  if (value.kind !== "list") return value;
  return dict(
    value.items.map((item) => [textOf(item) ?? "", { ...leaf(null, item.at), keyAt: item.at }]),
    value.at,
  );
}

function dependsOn(value: Tree): Tree {
  const named = namesToMapping(value);
  if (named.kind !== "dict") return named;
  const entries = [...named.entries].map(([name, given]): [string, Tree] => {
    const options = given.kind === "dict" ? given : dict([], given.at);
    const full = new Map([
      ["condition", leaf("service_started", given.at)],
      ["required", leaf(true, given.at)],
      ...options.entries,
    ]);
    return [name, keepKey(given, dict(full, given.at))];
  });
  return { ...named, entries: new Map(entries) };
}

function toWords(value: Tree, path: Path): Tree {
  if (value.kind !== "leaf") return value;
  const words = splitWords(String(value.value));
  if (words === undefined) throw mistake(value.at, path, "has a quote that is not closed");
  return list(
    words.map((one) => leaf(one, value.at)),
    value.at,
  );
}

function healthTest(value: Tree): Tree {
  return value.kind === "leaf" ? list([leaf("CMD-SHELL", value.at), value], value.at) : value;
}

function envFiles(value: Tree): Tree {
  const files = toList(value);
  if (files.kind !== "list") return files;
  const items = files.items.map((item) => {
    const given = item.kind === "dict" ? item : dict([["path", item]], item.at);
    return given.entries.has("required") ? given : withEntry(given, "required", leaf(true, item.at));
  });
  return { ...files, items };
}

function fileReference(value: Tree): Tree {
  return value.kind === "leaf" ? dict([["source", value]], value.at) : value;
}

/** `host=address` lines: `host:address` and mappings are spelled so too. */
function hosts(value: Tree): Tree {
  if (value.kind === "dict") {
    const lines = [...value.entries].flatMap(([host, given]) =>
      (given.kind === "list" ? given.items : [given])
        .filter((address) => !isNull(address))
        .map((address) => leaf(`${host}=${bare(textOf(address) ?? "")}`, address.at)),
    );
    return list(lines, value.at);
  }
  if (value.kind === "leaf") return value;
  const items = value.items.map((item) => {
    const match = /^([^=:]+)[=:](.*)$/.exec(textOf(item) ?? "");
    return match ? leaf(`${match[1]}=${bare(match[2] ?? "")}`, item.at) : item;
  });
  return { ...value, items };
}

function bare(address: string): string {
  return address.replace(/^\[(.*)\]$/, "$1");
}
