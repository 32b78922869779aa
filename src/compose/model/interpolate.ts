import { ComposeFileError } from "./error.ts";
import { type Substitution, substitute, TemplateError } from "./template.ts";
import { type Dict, formatPath, type Leaf, type Path, type Tree } from "./tree.ts";

/** Replaces variables in every text value, never in keys. Throws `ComposeFileError` with the value's position. */
export function interpolate(tree: Dict, using: Substitution): Dict {
  return interpolateDict(tree, [], using);
}

function interpolateTree(tree: Tree, path: Path, using: Substitution): Tree {
  switch (tree.kind) {
    case "leaf":
      return interpolateLeaf(tree, path, using);
    case "list":
      return {
        ...tree,
        items: tree.items.map((item, index) => interpolateTree(item, [...path, index], using)),
      };
    case "dict":
      return interpolateDict(tree, path, using);
  }
}

function interpolateDict(tree: Dict, path: Path, using: Substitution): Dict {
  const entries = new Map<string, Tree>();
  for (const [key, value] of tree.entries) entries.set(key, interpolateTree(value, [...path, key], using));
  return { ...tree, entries };
}

function interpolateLeaf(tree: Leaf, path: Path, using: Substitution): Leaf {
  if (typeof tree.value !== "string" || !tree.value.includes("$")) return tree;
  try {
    return { ...tree, value: substitute(tree.value, using) };
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    throw new ComposeFileError(tree.at, explain(error, tree.value, path), error);
  }
}

function explain(error: TemplateError, text: string, path: Path): string {
  if (error.message !== "Invalid template") {
    return `error while interpolating ${formatPath(path)}: ${error.message}`;
  }
  return `invalid interpolation format for ${formatPath(path)}: "${text}". You may need to escape any $ with another $`;
}
