import { readFile, realpath, stat } from "node:fs/promises";
import { isAbsolute, join, relative } from "node:path";
import { codeOf, createIgnoreMatcher, digestOf, EngineError, hexOf, readIgnoreFile } from "../base/index.ts";
import type { ContextOptions, PackedContext } from "./context-options.ts";
import { packTree } from "./context-tar.ts";

const ignoreFile = ".dockerignore";

/** See `packContext`. */
export async function prepareContext(directory: string, options: ContextOptions): Promise<PackedContext> {
  const root = await contextRoot(directory);
  const dockerfile = await findDockerfile(root, options.dockerfile);
  const plain = await readIfThere(join(root, ignoreFile));
  const specific = dockerfile.inside
    ? await readIfThere(join(root, `${dockerfile.name}${ignoreFile}`))
    : undefined;
  const patterns = options.ignore ?? readIgnoreFile(specific ?? plain ?? "");
  const matcher = createIgnoreMatcher(patterns);
  const always = new Set([ignoreFile, ...(dockerfile.inside ? [dockerfile.name] : [])]);
  const extra = dockerfile.inside ? [] : added(dockerfile, plain);
  const tar = packTree(root, {
    matcher,
    always,
    extra,
    ...(options.signal ? { signal: options.signal } : {}),
  });
  return { tar, dockerfile: dockerfile.name };
}

async function contextRoot(directory: string): Promise<string> {
  const found = await stat(directory).catch((error: unknown) => {
    if (codeOf(error) !== "ENOENT") throw error;
    throw unable(`path "${directory}" not found`, directory);
  });
  if (!found.isDirectory()) throw unable(`context must be a directory: ${directory}`, directory);
  return await realpath(directory);
}

type Dockerfile =
  | { readonly inside: true; readonly name: string }
  | { readonly inside: false; readonly name: string; readonly content: string };

async function findDockerfile(root: string, wanted: ContextOptions["dockerfile"]): Promise<Dockerfile> {
  if (typeof wanted === "object") return outside(wanted.content);
  const asked = wanted === undefined || wanted === "" ? await defaultName(root) : wanted;
  const path = isAbsolute(asked) ? asked : join(root, asked);
  const real = await realpath(path).catch((error: unknown) => {
    if (codeOf(error) !== "ENOENT" && codeOf(error) !== "ENOTDIR") throw error;
    throw unable(
      `unable to evaluate symlinks in Dockerfile path: lstat ${path}: no such file or directory`,
      path,
    );
  });
  const name = relative(root, real);
  if (!name.startsWith("..")) return { inside: true, name };
  return outside(await readFile(real, "utf8"));
}

async function defaultName(root: string): Promise<string> {
  if (await isThere(join(root, "Dockerfile"))) return "Dockerfile";
  return (await isThere(join(root, "dockerfile"))) ? "dockerfile" : "Dockerfile";
}

function outside(content: string): Dockerfile {
  // A name of the content: the same Dockerfile makes the same context.
  return { inside: false, name: `.dockerfile.${hexOf(digestOf(content)).slice(0, 20)}`, content };
}

function added(dockerfile: Dockerfile & { inside: false }, ignore: string | undefined) {
  const hidden = `${ignore === undefined ? "" : `${ignore.replace(/\n?$/, "\n")}`}${dockerfile.name}\n`;
  return [
    { path: dockerfile.name, content: Buffer.from(dockerfile.content) },
    { path: ignoreFile, content: Buffer.from(hidden) },
  ];
}

async function isThere(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

function unable(why: string, subject: string): EngineError {
  return new EngineError("invalid", `unable to prepare context: ${why}`, { subject });
}
