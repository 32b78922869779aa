import { dirname } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { EngineError } from "../../base/index.ts";
import { canonical } from "./canonical.ts";
import { ComposeFileError } from "./error.ts";
import { applyExtends } from "./extends.ts";
import { interpolate } from "./interpolate.ts";
import { readIfThere, readVariables } from "./locate.ts";
import { conflict, merge, settle } from "./merge.ts";
import { absolutePath, resolvePaths } from "./paths.ts";
import { readYaml } from "./read.ts";
import { checkSchema } from "./schema.ts";
import {
  type Dict,
  dict,
  entriesAt,
  entry,
  itemsAt,
  type Tree,
  textAt,
  textOf,
  toPlain,
  withEntry,
  without,
} from "./tree.ts";

export interface DocumentContext {
  /** What relative paths start from. */
  readonly directory: string;
  readonly home: string | undefined;
  readonly variables: ReadonlyMap<string, string>;
  /** Whether variables are replaced. */
  readonly interpolate: boolean;
  readonly warn: (message: string) => void;
  readonly readStandardInput?: () => Promise<string>;
  /** The files that include this one. */
  readonly trail: readonly string[];
}

/** The files read, variables replaced, included and extended, laid one on the other, and checked against the schema. */
export async function readDocuments(files: readonly string[], context: DocumentContext): Promise<Dict> {
  let result: Dict | undefined;
  for (const file of files) {
    for (const document of await readFileDocuments(file, context)) {
      const included = await applyIncludes(document, file, context);
      const whole = await applyExtends(included, {
        directory: context.directory,
        home: context.home,
        earlier: result,
        load: (path, wanted) => loadBase(path, wanted, context),
      });
      result = merge(result ?? dict([], whole.at), whole);
    }
  }
  if (result === undefined)
    throw new EngineError("not-found", "no configuration file provided: not found", { subject: "" });
  return context.interpolate ? checkSchema(result) : result;
}

/** The raw `name:` of the last file that has one. */
export async function declaredName(
  files: readonly string[],
  context: DocumentContext,
): Promise<string | undefined> {
  let name: string | undefined;
  for (const file of files) {
    for (const document of readYaml(await textOfFile(file, context), file))
      name = textAt(document, "name") ?? name;
  }
  return name;
}

async function readFileDocuments(file: string, context: DocumentContext): Promise<Dict[]> {
  const documents = readYaml(await textOfFile(file, context), file === "-" ? "(stdin)" : file);
  if (!context.interpolate) return documents;
  return documents.map((document) =>
    interpolate(document, {
      lookup: (name) => context.variables.get(name),
      unset: (name) => context.warn(`The "${name}" variable is not set. Defaulting to a blank string.`),
    }),
  );
}

async function textOfFile(file: string, context: DocumentContext): Promise<string> {
  if (file === "-" && context.readStandardInput) return context.readStandardInput();
  const text = await readIfThere(file);
  if (text === undefined)
    throw new EngineError("not-found", `open ${file}: no such file or directory`, { subject: file });
  return text;
}

async function loadBase(file: string, wanted: Tree, context: DocumentContext): Promise<Dict> {
  const text = await readIfThere(file);
  if (text === undefined)
    throw new ComposeFileError(wanted.at, `cannot extend from ${file}: no such file or directory`);
  const documents = await readFileDocuments(file, context);
  return documents.reduce((all, document) => merge(all, document), dict([], wanted.at));
}

async function applyIncludes(document: Dict, file: string, context: DocumentContext): Promise<Dict> {
  const includes = itemsAt(document, "include");
  let result = without(document, "include");
  for (const include of includes) {
    const imported = await readInclude(include, { ...context, trail: [...context.trail, file] });
    for (const section of ["services", "networks", "volumes", "secrets", "configs"]) {
      result = importSection(result, imported, section);
    }
  }
  return result;
}

async function readInclude(include: Tree, context: DocumentContext): Promise<Dict> {
  const files = textsOf(include.kind === "leaf" ? include : entry(include, "path")).map((path) =>
    absolutePath(path, context),
  );
  const first = files[0];
  if (first === undefined) throw new ComposeFileError(include.at, "include needs a path");
  if (/^[a-z]+:\/\//.test(first))
    throw new ComposeFileError(include.at, `include of ${first} is not supported yet`);
  if (context.trail.includes(first)) {
    throw new ComposeFileError(
      include.at,
      `include cycle detected: ${[...context.trail, first].join(" -> ")}`,
    );
  }
  const projectDirectory = textAt(include, "project_directory");
  const directory = projectDirectory === undefined ? dirname(first) : absolutePath(projectDirectory, context);
  const environmentFiles = textsOf(entry(include, "env_file")).map((path) => absolutePath(path, context));
  const environment = Object.fromEntries(context.variables);
  const { variables } = await readVariables({ directory, environment, environmentFiles }, directory);
  const places = { ...context, directory, variables };
  return resolvePaths(canonical(await readDocuments(files, places)), places);
}

function textsOf(tree: Tree | undefined): string[] {
  const items = tree?.kind === "list" ? tree.items : tree === undefined ? [] : [tree];
  return items.map(textOf).filter((text) => text !== undefined);
}

function importSection(document: Dict, imported: Dict, section: string): Dict {
  const additions = entriesAt(imported, section);
  if (additions.length === 0) return document;
  const owner = entry(document, section) ?? dict([], document.at);
  if (owner.kind !== "dict") return document;
  const entries = new Map(owner.entries);
  for (const [name, value] of additions) {
    const own = entries.get(name);
    if (own !== undefined && !isDeepStrictEqual(toPlain(settled(own)), toPlain(value))) {
      throw conflict(own, [section, name]);
    }
    entries.set(name, value);
  }
  return withEntry(document, section, { ...owner, entries });
}

function settled(tree: Tree): Tree {
  return tree.kind === "dict" ? settle(tree) : tree;
}
