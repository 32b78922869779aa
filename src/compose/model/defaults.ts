import { ComposeFileError } from "./error.ts";
import {
  changeEntry,
  type Dict,
  dict,
  entriesAt,
  entry,
  itemsAt,
  keepKey,
  leaf,
  type Position,
  type Tree,
  textAt,
  textOf,
  withEntry,
} from "./tree.ts";

/** What a canonical tree leaves unsaid: the default network, names of networks and volumes, build files, implied order. */
export function withDefaults(tree: Dict, projectName: string): Dict {
  let result = changeEntry(tree, "services", (services) => eachDict(services, defaultService));
  if (usesDefaultNetwork(result)) result = withDefaultNetwork(result);
  for (const section of ["networks", "volumes", "secrets", "configs"]) {
    result = changeEntry(result, section, (owner) => named(owner, projectName));
  }
  return withEntry(result, "name", leaf(projectName, tree.at));
}

function defaultService(service: Dict): Dict {
  let result = changeEntry(service, "build", (build) =>
    build.kind === "dict" ? defaultBuild(build) : build,
  );
  if (entry(result, "networks") === undefined && entry(result, "network_mode") === undefined) {
    const { at } = result;
    result = withEntry(result, "networks", dict([["default", leaf(null, at)]], at));
  }
  return withImpliedOrder(result);
}

function defaultBuild(build: Dict): Dict {
  let result =
    entry(build, "context") === undefined ? withEntry(build, "context", leaf(".", build.at)) : build;
  if (entry(result, "dockerfile") === undefined && entry(result, "dockerfile_inline") === undefined) {
    result = withEntry(result, "dockerfile", leaf("Dockerfile", build.at));
  }
  return result;
}

/** A service that lives in another's namespaces starts after it and is restarted with it. */
function withImpliedOrder(service: Dict): Dict {
  let result = withLinks(service);
  for (const key of ["network_mode", "ipc", "pid", "uts"]) {
    const value = entry(service, key);
    const owner = /^service:(.+)$/.exec(textAt(service, key) ?? "")?.[1];
    if (value === undefined || owner === undefined) continue;
    result = withDependency(result, owner, { at: value.at, restart: true });
  }
  return result;
}

/** A link is an older word for a dependency: services of one network find each other by name without it. */
function withLinks(service: Dict): Dict {
  let result = service;
  for (const link of itemsAt(service, "links")) {
    const [other = "", alias = other] = (textOf(link) ?? "").split(":");
    if (alias !== other) {
      throw new ComposeFileError(
        link.at,
        `link ${textOf(link)} is not supported yet: give service ${other} an alias under networks instead`,
      );
    }
    result = withDependency(result, other, { at: link.at, restart: false });
  }
  return result;
}

function withDependency(
  service: Dict,
  other: string,
  { at, restart }: { at: Position; restart: boolean },
): Dict {
  const before = entry(service, "depends_on") ?? dict([], at);
  if (before.kind !== "dict" || before.entries.has(other)) return service;
  const dependency = dict(
    [
      ["condition", leaf("service_started", at)],
      ["required", leaf(true, at)],
      ...(restart ? ([["restart", leaf(true, at)]] as const) : []),
    ],
    at,
  );
  return withEntry(service, "depends_on", withEntry(before, other, dependency));
}

function usesDefaultNetwork(tree: Dict): boolean {
  return entriesAt(tree, "services").some(([, service]) =>
    entriesAt(service, "networks").some(([network]) => network === "default"),
  );
}

function withDefaultNetwork(tree: Dict): Dict {
  const networks = entry(tree, "networks") ?? dict([], tree.at);
  if (networks.kind !== "dict" || networks.entries.has("default")) return tree;
  return withEntry(tree, "networks", withEntry(networks, "default", dict([], tree.at)));
}

function named(owner: Tree, projectName: string): Tree {
  if (owner.kind !== "dict") return owner;
  const entries = [...owner.entries].map(([key, given]): [string, Tree] => {
    const value = given.kind === "dict" ? given : keepKey(given, dict([], given.at));
    if (value.kind !== "dict" || textAt(value, "name") !== undefined) return [key, value];
    const external = textAt(value, "external") === "true";
    return [key, withEntry(value, "name", leaf(external ? key : `${projectName}_${key}`, value.at))];
  });
  return { ...owner, entries: new Map(entries) };
}

function eachDict(owner: Tree, change: (value: Dict) => Dict): Tree {
  if (owner.kind !== "dict") return owner;
  const entries = [...owner.entries].map(
    ([name, value]) => [name, value.kind === "dict" ? keepKey(value, change(value)) : value] as const,
  );
  return { ...owner, entries: new Map(entries) };
}
