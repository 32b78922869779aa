import { EngineError, messageOf } from "../../base/index.ts";
import type { ImageService } from "../../image/index.ts";
import type { LayerTools } from "../../layer/index.ts";
import type { Snapshotter } from "../../snapshot/index.ts";
import { cacheKey, type MadeLayer } from "../cache/index.ts";
import { type CopyVertex, DockerfileError } from "../dockerfile/index.ts";
import {
  digestFiles,
  emptySource,
  packedTree,
  type SourceTree,
  type TreeFile,
  writeTar,
} from "../tree/index.ts";
import { openActive } from "./active-snapshot.ts";
import { isArchive } from "./archive.ts";
import { findArrival } from "./arrival.ts";
import { type Arrival, arrive, type CopyItem, type CopyRules, inlineFiles, itemFiles } from "./copy-files.ts";
import { lookupOwner } from "./lookup-user.ts";
import { restoreTime } from "./restore-time.ts";
import type { BuildSession, Op, Tree } from "./types.ts";

export interface CopyNeeds {
  readonly images: Pick<ImageService, "commitLayer">;
  readonly snapshots: Pick<Snapshotter, "prepare" | "remove" | "view" | "changes">;
  readonly layers: Pick<LayerTools, "extract" | "pack" | "decompress">;
  readonly session: Pick<BuildSession, "context" | "known">;
}

/** COPY and ADD: `input` is the tree that grows, `source` the tree of `--from` when there is one. */
export function copyOp(needs: CopyNeeds, vertex: CopyVertex, input: Tree, source: Tree | undefined): Op {
  const copy = new Copy(needs, vertex, input, source);
  return {
    ...(source ? { fastKey: copy.fastKey(source) } : {}),
    key: (signal) => copy.key(signal),
    run: (_report, signal) => copy.run(signal),
  };
}

class Copy {
  readonly #needs: CopyNeeds;
  readonly #vertex: CopyVertex;
  readonly #input: Tree;
  readonly #source: Tree | undefined;
  #items: Promise<readonly CopyItem[]> | undefined;

  constructor(needs: CopyNeeds, vertex: CopyVertex, input: Tree, source: Tree | undefined) {
    this.#needs = needs;
    this.#vertex = vertex;
    this.#input = input;
    this.#source = source;
  }

  /** What is asked for, without what it is copied from. */
  #request(): unknown[] {
    const { instruction, destination, chown, chmod, exclude, inline } = this.#vertex;
    return [instruction, this.#input.chainID, destination, chown, chmod, exclude, inline];
  }

  fastKey(source: Tree): string {
    return cacheKey("copy-from", ...this.#request(), source.chainID, this.#vertex.sources);
  }

  async key(signal: AbortSignal): Promise<string> {
    const contents = [];
    for (const item of await this.#find()) {
      const files = itemFiles(item, this.#vertex.exclude, signal);
      const name = item.found.type === "directory" ? "" : item.found.name;
      contents.push([name, item.found.type, await digestFiles(files, this.#needs.session.known)]);
    }
    return cacheKey("copy", ...this.#request(), contents);
  }

  async run(signal: AbortSignal): Promise<MadeLayer> {
    const { snapshots, layers, images } = this.#needs;
    const items = await this.#find();
    const rules = await this.#rules();
    const arrival = await this.#arrival(items);
    await using active = await openActive(snapshots, this.#input.chainID);
    const parts = await this.#parts(items);
    let next = arrival;
    for (const part of parts) {
      signal.throwIfAborted();
      if (part.kind === "archive") {
        const owner = rules.owner ? { owner: rules.owner } : {};
        await layers.extract(part.file.content(), active.mounts, {
          directory: this.#vertex.destination,
          signal,
          ...owner,
        });
        continue;
      }
      const tar = writeTar(arrive(part.files(signal), next, rules));
      await this.#located(layers.extract(tar, active.mounts, { directory: "/", keepKinds: true, signal }));
      next = { ...arrival, missing: [] };
    }
    if (parts.every(({ kind }) => kind === "files")) {
      const { directory } = await snapshots.changes(active.key);
      await restoreTime(layers, directory, { before: await this.#inputMounts(), arrival });
    }
    return await images.commitLayer(active.key, this.#input.chainID);
  }

  #find(): Promise<readonly CopyItem[]> {
    this.#items ??= this.#findItems();
    return this.#items;
  }

  async #findItems(): Promise<readonly CopyItem[]> {
    const tree = await this.#tree();
    const items: CopyItem[] = [];
    for (const source of this.#vertex.sources) {
      const found = await this.#located(tree.find(source));
      if (found.length === 0) throw this.#notFound(source);
      items.push(...found.map((one) => ({ found: one, tree })));
    }
    return items;
  }

  async #tree(): Promise<SourceTree> {
    const { tree } = this.#vertex;
    if (tree.kind === "context") return this.#needs.session.context;
    const chainID = this.#source?.chainID;
    if (chainID === undefined) return emptySource;
    return packedTree(this.#needs.layers, await this.#needs.snapshots.view(chainID));
  }

  async #rules(): Promise<CopyRules> {
    const { chown, chmod } = this.#vertex;
    const owner =
      chown === undefined ? undefined : await this.#located(lookupOwner(chown, () => this.#inputMounts()));
    return { owner, chmod };
  }

  async #inputMounts() {
    const { chainID } = this.#input;
    return chainID === undefined ? undefined : await this.#needs.snapshots.view(chainID);
  }

  async #arrival(items: readonly CopyItem[]): Promise<Arrival> {
    const { destination, inline, instruction } = this.#vertex;
    const named = destination.endsWith("/");
    const count = items.length + inline.length;
    const hasDirectory = items.some(({ found }) => found.type === "directory");
    const arrival = await this.#located(
      findArrival(this.#needs.layers, await this.#inputMounts(), destination, named || hasDirectory),
    );
    if (count > 1 && !named && !arrival.isDirectory) {
      const reason = `When using ${instruction} with more than one source file, the destination must be a directory and end with a /`;
      throw new DockerfileError(reason, this.#vertex.place, { hint: `Write ${destination}/` });
    }
    return arrival;
  }

  /** Runs of ordinary files, and archives to be extracted, in the order of the sources. */
  async #parts(items: readonly CopyItem[]): Promise<Part[]> {
    const parts: Part[] = [];
    let group: CopyItem[] = [];
    const exclude = this.#vertex.exclude;
    const close = (inline: readonly TreeFile[]) => {
      const members = group;
      group = [];
      if (members.length + inline.length === 0) return;
      parts.push({ kind: "files", files: (signal) => together(members, inline, exclude, signal) });
    };
    for (const item of items) {
      const archive = this.#vertex.unpack ? await this.#archive(item) : undefined;
      if (!archive) group.push(item);
      else {
        close([]);
        parts.push({ kind: "archive", file: archive });
      }
    }
    close(inlineFiles(this.#vertex));
    return parts;
  }

  async #archive({ found, tree }: CopyItem): Promise<TreeFile | undefined> {
    if (found.type !== "file") return undefined;
    for await (const file of tree.walk(found.path)) {
      return (await isArchive(this.#needs.layers, file)) ? file : undefined;
    }
    return undefined;
  }

  #notFound(source: string): DockerfileError {
    const { instruction, place, tree } = this.#vertex;
    const isPattern = /[*?[]/.test(source);
    const where =
      tree.kind === "context"
        ? `file not found in build context or excluded by .dockerignore: stat ${source}: file does not exist`
        : `stat ${source}: file does not exist`;
    const message = `${instruction} failed: ${isPattern ? "no source files were specified" : where}`;
    return new DockerfileError(message, place, {
      hint: "Check the path; it is relative to the root it is copied from.",
    });
  }

  /** Failures about the user's files say which line they are about. */
  async #located<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (!(error instanceof EngineError) || error.kind !== "invalid" || error instanceof DockerfileError)
        throw error;
      const message = messageOf(error).startsWith(`${this.#vertex.instruction} failed`)
        ? messageOf(error)
        : `${this.#vertex.instruction} failed: ${messageOf(error)}`;
      throw new DockerfileError(message, this.#vertex.place, { cause: error });
    }
  }
}

type Part =
  | { readonly kind: "files"; files(signal: AbortSignal): AsyncIterable<TreeFile> }
  | { readonly kind: "archive"; readonly file: TreeFile };

async function* together(
  items: readonly CopyItem[],
  inline: readonly TreeFile[],
  exclude: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<TreeFile> {
  for (const item of items) yield* itemFiles(item, exclude, signal);
  yield* inline;
}
