import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readFile,
  readFileSync,
  readlinkSync,
  type Stats,
} from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { EngineError } from "../base/index.ts";
import type { Mount } from "../oci/index.ts";
import { getAttribute, hasCode, openAt2, resolveFlags } from "../sys/index.ts";
import { isWhiteout } from "./whiteout.ts";

const mostLinks = 40;
const smallFile = 64 * 1024;
const closeOnExec = 0o2000000;

/**
 * Reads a regular file of the tree that `mounts` show, mounting nothing: `/etc/passwd` of a container's root. Links
 * resolve inside the tree. Undefined when there is no such file; throws `invalid` above `limit` (default 8 MiB).
 */
export async function readTreeFile(
  mounts: readonly Mount[],
  path: string,
  options: { readonly limit?: number } = {},
): Promise<Uint8Array | undefined> {
  const found = find({ names: [], layers: layersOf(mounts) }, namesIn(path));
  return found ? await read(found, path, options.limit ?? 8 * 1024 * 1024) : undefined;
}

/** A file in one layer. */
interface Found {
  readonly layer: string;
  readonly name: string;
}

/** A directory of the merged tree: where it lies in each layer that shows through, highest first. */
interface Merged {
  readonly names: readonly string[];
  readonly layers: readonly string[];
}

/** A link was met: the walk goes on from the root, through these names first. */
interface Again {
  readonly again: readonly string[];
}

/** The directories that a mount stacks, highest first. */
function layersOf(mounts: readonly Mount[]): readonly string[] {
  const [mount, ...others] = mounts;
  if (!mount || others.length > 0) throw new Error(`A tree is one mount, not ${mounts.length}`);
  if (mount.type === "bind") return [mount.source];
  const optionOf = (key: string) =>
    mount.options.find((one) => one.startsWith(`${key}=`))?.slice(key.length + 1);
  const upper = optionOf("upperdir");
  return [...(upper === undefined ? [] : [upper]), ...(optionOf("lowerdir") ?? "").split(":")];
}

/** Walks `names` down from `root`. */
function find(root: Merged, names: readonly string[], links = 0): Found | undefined {
  let at = root;
  for (const [index, name] of names.entries()) {
    const rest = names.slice(index + 1);
    if (name === "..") return find(root, [...at.names.slice(0, -1), ...rest], links);
    const next = lookUp(at, name);
    if (next === undefined) return undefined;
    if ("name" in next) return rest.length === 0 ? next : undefined;
    if ("again" in next)
      return links < mostLinks ? find(root, [...next.again, ...rest], links + 1) : undefined;
    at = next;
  }
  return undefined;
}

function namesIn(path: string): readonly string[] {
  return path.split("/").filter((name) => name !== "" && name !== ".");
}

/** One name in a merged directory, by overlayfs' rules: the topmost decides, directories merge until one is opaque. */
function lookUp(at: Merged, name: string): Merged | Again | Found | undefined {
  const names = [...at.names, name];
  const relative = names.join("/");
  const shown: string[] = [];
  for (const layer of at.layers) {
    const path = join(layer, relative);
    const status = lstatSync(path, { throwIfNoEntry: false });
    if (!status) continue;
    if (isWhiteout(status)) break;
    if (!status.isDirectory())
      return shown.length > 0 ? { names, layers: shown } : leaf(status, layer, names);
    shown.push(layer);
    if (isOpaque(path)) break;
  }
  return shown.length > 0 ? { names, layers: shown } : undefined;
}

function leaf(status: Stats, layer: string, names: readonly string[]): Found | Again | undefined {
  const name = names.join("/");
  if (status.isFile()) return { layer, name };
  if (!status.isSymbolicLink()) return undefined;
  const target = readlinkSync(join(layer, name));
  const start = target.startsWith("/") ? [] : names.slice(0, -1);
  return { again: [...start, ...namesIn(target)] };
}

function isOpaque(path: string): boolean {
  return getAttribute(path, "trusted.overlay.opaque")?.[0] === "y".charCodeAt(0);
}

/** A running container may put links in the way at any moment: the kernel is told to follow none. */
async function read(found: Found, path: string, limit: number): Promise<Uint8Array | undefined> {
  const descriptor = openBeneath(found);
  if (descriptor === undefined) return undefined;
  try {
    const status = fstatSync(descriptor);
    if (!status.isFile()) return undefined;
    const { size } = status;
    if (size > limit) {
      throw new EngineError("invalid", `Cannot read ${path}: ${size} bytes are more than ${limit}`, {
        subject: path,
      });
    }
    // A small one is read before a worker would have taken the order.
    return new Uint8Array(
      size <= smallFile ? readFileSync(descriptor) : await promisify(readFile)(descriptor),
    );
  } finally {
    closeSync(descriptor);
  }
}

function openBeneath({ layer, name }: Found): number | undefined {
  const directory = openSync(layer, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    return openAt2(directory, name, {
      flags: constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | closeOnExec,
      resolve: resolveFlags.beneath | resolveFlags.noSymlinks,
    });
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR", "ELOOP", "EXDEV")) return undefined;
    throw error;
  } finally {
    closeSync(directory);
  }
}
