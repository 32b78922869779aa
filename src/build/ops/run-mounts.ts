import { chmod, chown, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { digestOf, EngineError, hexOf, type KeyedMutex } from "../../base/index.ts";
import type { LayerTools } from "../../layer/index.ts";
import type { Mount, SpecMount } from "../../oci/index.ts";
import type { Snapshotter } from "../../snapshot/index.ts";
import { cacheKey } from "../cache/index.ts";
import type { RunVertex, VertexMount } from "../dockerfile/index.ts";
import {
  digestFiles,
  emptySource,
  type Found,
  packedTree,
  type SourceTree,
  type TreeFile,
  writeTar,
} from "../tree/index.ts";
import type { BuildSession, Tree } from "./types.ts";

export interface MountNeeds {
  readonly layers: Pick<LayerTools, "pack" | "extract">;
  readonly snapshots: Pick<Snapshotter, "view">;
  readonly session: Pick<BuildSession, "context" | "known">;
  /** Where cache mounts live; they outlast builds. */
  readonly cacheDirectory: string;
  /** Keeps `locked` and `private` cache mounts apart. */
  readonly cacheLocks: KeyedMutex;
}

/** The trees that a step's bind mounts show, by vertex. */
export type MountTrees = (vertex: number) => Tree;

/** What of a step's mounts belongs to its key: definitions, and the contents of what is bound. */
export async function mountKeys(
  needs: MountNeeds,
  vertex: RunVertex,
  trees: MountTrees,
  signal: AbortSignal,
): Promise<unknown[]> {
  const keys = [];
  for (const mount of vertex.mounts) {
    if (mount.kind !== "bind") {
      keys.push(mount);
      continue;
    }
    const { target, path, readonly } = mount;
    if (mount.tree.kind === "vertex") {
      keys.push(["bind", target, path, readonly, trees(mount.tree.vertex).chainID]);
      continue;
    }
    const { tree, found } = await findBound(needs, mount, trees);
    const digest = await digestFiles(tree.walk(found.path, signal), needs.session.known);
    keys.push(["bind", target, path, readonly, found.type, digest]);
  }
  return keys;
}

/** Prepares a step's mounts; `directory` belongs to the step. Dispose `held` to let go of locked caches. */
export async function openMounts(
  needs: MountNeeds,
  vertex: RunVertex,
  options: { trees: MountTrees; directory: string; held: DisposableStack; signal: AbortSignal },
): Promise<SpecMount[]> {
  const mounts: SpecMount[] = [];
  for (const [index, mount] of vertex.mounts.entries()) {
    const directory = join(options.directory, `mount-${index}`);
    mounts.push(await openMount(needs, mount, { ...options, directory }));
  }
  if (vertex.script) mounts.push(await writeScript(vertex.script, options.directory));
  return mounts;
}

async function openMount(
  needs: MountNeeds,
  mount: VertexMount,
  options: { trees: MountTrees; directory: string; held: DisposableStack; signal: AbortSignal },
): Promise<SpecMount> {
  switch (mount.kind) {
    case "tmpfs": {
      const size = mount.size === undefined ? [] : [`size=${mount.size}`];
      const safe = ["nosuid", "nodev", "mode=1777"];
      return { destination: mount.target, type: "tmpfs", source: "tmpfs", options: [...safe, ...size] };
    }
    case "cache":
      return bind(mount.target, await openCache(needs, mount, options.held), mount.readonly);
    case "bind":
      return bind(mount.target, await copyBound(needs, mount, options), mount.readonly);
  }
}

function bind(destination: string, source: string, readonly: boolean): SpecMount {
  return { destination, type: "bind", source, options: ["rbind", "rprivate", readonly ? "ro" : "rw"] };
}

type CacheMount = Extract<VertexMount, { kind: "cache" }>;

async function openCache(needs: MountNeeds, mount: CacheMount, held: DisposableStack): Promise<string> {
  const name = hexOf(digestOf(mount.id));
  let slot = 0;
  if (mount.sharing === "private") while (needs.cacheLocks.isHeld(`${name}-${slot}`)) slot += 1;
  if (mount.sharing !== "shared") held.use(await needs.cacheLocks.acquire(`${name}-${slot}`));
  const directory = join(needs.cacheDirectory, `${name}-${slot}`);
  const made = await mkdir(directory, { recursive: true, mode: 0o700 });
  if (made !== undefined) {
    await chown(directory, mount.uid, mount.gid);
    await chmod(directory, mount.mode);
  }
  return directory;
}

type BindMount = Extract<VertexMount, { kind: "bind" }>;

async function findBound(
  needs: MountNeeds,
  mount: BindMount,
  trees: MountTrees,
): Promise<{ tree: SourceTree; found: Found }> {
  const tree = await boundTree(needs, mount, trees);
  const [found] = await tree.find(mount.path.replace(/[*?[\\]/g, "\\$&"));
  if (found) return { tree, found };
  throw new EngineError("invalid", `failed to mount ${mount.path}: no such file or directory`, {
    subject: mount.path,
  });
}

async function boundTree(needs: MountNeeds, mount: BindMount, trees: MountTrees): Promise<SourceTree> {
  if (mount.tree.kind === "context") return needs.session.context;
  const { chainID } = trees(mount.tree.vertex);
  return chainID === undefined ? emptySource : packedTree(needs.layers, await needs.snapshots.view(chainID));
}

/** The step gets a copy of what is bound: what it writes is thrown away, and nothing else ever sees it. */
async function copyBound(
  needs: MountNeeds,
  mount: BindMount,
  options: { trees: MountTrees; directory: string; signal: AbortSignal },
): Promise<string> {
  const { directory, signal } = options;
  const { tree, found } = await findBound(needs, mount, options.trees);
  await mkdir(directory);
  const here: Mount = { type: "bind", source: directory, options: ["bind"] };
  const files = named(tree.walk(found.path, signal), "bound");
  await needs.layers.extract(writeTar(files), [here], { directory: "/", signal });
  return join(directory, "bound");
}

async function* named(files: AsyncIterable<TreeFile>, top: string): AsyncGenerator<TreeFile> {
  const name = (path: string) => (path === "" ? top : `${top}/${path}`);
  for await (const file of files) {
    const target = file.type === "link" && file.target !== undefined ? { target: name(file.target) } : {};
    yield { ...file, path: name(file.path), ...target };
  }
}

async function writeScript(script: { name: string; content: string }, directory: string): Promise<SpecMount> {
  const path = join(directory, `script-${cacheKey(script.name).slice(0, 12)}`);
  await writeFile(path, script.content, { mode: 0o755 });
  await chmod(path, 0o755);
  return bind(`/dev/pipes/${script.name}`, path, true);
}
