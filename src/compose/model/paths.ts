import { isAbsolute, resolve } from "node:path";
import { changeEntry, type Dict, keepKey, type Leaf, type Tree, textAt } from "./tree.ts";

export interface Places {
  /** What relative paths start from; absolute. */
  readonly directory: string;
  /** What `~` stands for. */
  readonly home: string | undefined;
}

/** Every host path of a canonical tree made absolute. */
export function resolvePaths(tree: Dict, places: Places): Dict {
  let result = eachValue(tree, "services", (service) => resolveServicePaths(service, places));
  for (const section of ["secrets", "configs"]) {
    result = eachValue(result, section, (value) => changeEntry(value, "file", absolute(places)));
  }
  return eachValue(result, "volumes", (value) =>
    changeEntry(value, "driver_opts", (options) =>
      options.kind === "dict" && /(^|,)r?bind(,|$)/.test(textAt(options, "o") ?? "")
        ? changeEntry(options, "device", absolute(places))
        : options,
    ),
  );
}

/** The host paths of one canonical service made absolute. */
export function resolveServicePaths(service: Dict, places: Places): Dict {
  const toAbsolute = absolute(places);
  let result = changeEntry(service, "build", (build) =>
    build.kind === "dict" ? changeEntry(build, "context", toAbsolute) : build,
  );
  result = changeEntry(result, "env_file", (files) =>
    eachItem(files, (file) => (file.kind === "dict" ? changeEntry(file, "path", toAbsolute) : file)),
  );
  result = changeEntry(result, "label_file", (files) => eachItem(files, toAbsolute));
  result = changeEntry(result, "extends", (base) =>
    base.kind === "dict" ? changeEntry(base, "file", toAbsolute) : base,
  );
  return changeEntry(result, "volumes", (volumes) =>
    eachItem(volumes, (volume) =>
      volume.kind === "dict" && textAt(volume, "type") === "bind"
        ? changeEntry(volume, "source", toAbsolute)
        : volume,
    ),
  );
}

/** `path` seen from `places`; addresses such as `https://…` and `git@…` stay. */
export function absolutePath(path: string, places: Places): string {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(path) || /^git@/.test(path)) return path;
  if (places.home !== undefined && (path === "~" || path.startsWith("~/"))) {
    return resolve(places.home, path.slice(2));
  }
  return isAbsolute(path) ? path : resolve(places.directory, path);
}

function absolute(places: Places): (value: Tree) => Tree {
  return (value) => {
    if (value.kind !== "leaf" || typeof value.value !== "string") return value;
    const changed: Leaf = { ...value, value: absolutePath(value.value, places) };
    return changed;
  };
}

function eachItem(value: Tree, change: (item: Tree) => Tree): Tree {
  return value.kind === "list" ? { ...value, items: value.items.map(change) } : value;
}

function eachValue(tree: Dict, section: string, change: (value: Dict) => Dict): Dict {
  return changeEntry(tree, section, (owner) => {
    if (owner.kind !== "dict") return owner;
    const entries = [...owner.entries].map(
      ([name, value]) => [name, value.kind === "dict" ? keepKey(value, change(value)) : value] as const,
    );
    return { ...owner, entries: new Map(entries) };
  });
}
