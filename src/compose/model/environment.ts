import { parseEnvironmentFile } from "./dotenv.ts";
import { ComposeFileError } from "./error.ts";
import { readIfThere } from "./locate.ts";
import {
  type Dict,
  dict,
  entriesAt,
  isNull,
  itemsAt,
  leaf,
  type Tree,
  textAt,
  textOf,
  withEntry,
  without,
} from "./tree.ts";

/**
 * A canonical service with the variables that its container gets: those of the `env_file`s, then `environment`; a name
 * without value takes it from `variables` or is left out. Labels of `label_file`s stand under `labels` likewise, and
 * nameless build arguments are filled. Throws when a required file is missing.
 */
export async function resolveEnvironment(
  service: Dict,
  variables: ReadonlyMap<string, string>,
): Promise<Dict> {
  const environment = new Map<string, Tree>();
  for (const file of itemsAt(service, "env_file")) {
    for (const [name, value] of await readEnvironment(file, variables))
      environment.set(name, leaf(value, file.at));
  }
  for (const [name, value] of filled(entriesAt(service, "environment"), variables)) {
    if (isNull(value)) environment.delete(name);
    else environment.set(name, value);
  }
  const labels = new Map<string, Tree>();
  for (const file of itemsAt(service, "label_file")) {
    for (const [name, value] of await readEnvironment(dict([["path", file]], file.at), variables)) {
      labels.set(name, leaf(value, file.at));
    }
  }
  for (const [name, value] of entriesAt(service, "labels"))
    labels.set(name, isNull(value) ? leaf("", value.at) : value);
  let result = without(service, "env_file", "label_file");
  if (environment.size > 0) result = withEntry(result, "environment", dict(environment, service.at));
  if (labels.size > 0) result = withEntry(result, "labels", dict(labels, service.at));
  return withArguments(result, variables);
}

function withArguments(service: Dict, variables: ReadonlyMap<string, string>): Dict {
  const build = service.entries.get("build");
  const args = entriesAt(build, "args");
  if (build?.kind !== "dict" || args.length === 0) return service;
  return withEntry(service, "build", withEntry(build, "args", dict(filled(args, variables), build.at)));
}

function filled(
  entries: readonly (readonly [string, Tree])[],
  variables: ReadonlyMap<string, string>,
): (readonly [string, Tree])[] {
  return entries.map(([name, value]) => {
    const outer = isNull(value) ? variables.get(name) : undefined;
    return [name, outer === undefined ? value : leaf(outer, value.at)];
  });
}

async function readEnvironment(
  file: Tree,
  variables: ReadonlyMap<string, string>,
): Promise<Map<string, string>> {
  const path = textOf(file) ?? textAt(file, "path") ?? "";
  const text = await readIfThere(path);
  if (text === undefined) {
    if (textAt(file, "required") === "false") return new Map();
    throw new ComposeFileError(file.at, `env file ${path} not found`);
  }
  const raw = textAt(file, "format") === "raw";
  return parseEnvironmentFile(text, { file: path, lookup: (name) => variables.get(name), raw });
}
