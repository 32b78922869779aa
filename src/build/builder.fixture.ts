import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { newID, silentLogger } from "../base/index.ts";
import { openContentStore } from "../content/index.ts";
import { createImageService, type ImageService } from "../image/index.ts";
import { createLayerTools, type LayerTools } from "../layer/index.ts";
import { type NetworkService, openNetworkService } from "../network/index.ts";
import type { ImageRunConfig } from "../oci/index.ts";
import { openRecords, type Records } from "../records/index.ts";
import { openRuntime, type Runtime, readHostAbilities } from "../runtime/index.ts";
import { openOverlaySnapshotter, type Snapshotter } from "../snapshot/index.ts";
import { createBuilder } from "./builder.ts";
import { directoryTree, readTar, type TreeFile, writeTar } from "./tree/index.ts";
import type { Builder, BuildRequest } from "./types.ts";

const repository = join(import.meta.dir, "../..");

interface Services {
  readonly images: ImageService;
  readonly snapshots: Snapshotter;
  readonly layers: LayerTools;
  readonly runtime: Runtime;
  readonly network: NetworkService;
  readonly records: Records;
  readonly builder: Builder;
}

/** A file of a context: text, a link (`-> target`), bytes, or text with a mode. */
export type ContextFile = string | Uint8Array | { readonly text: string; readonly mode: number };

/**
 * A builder on real services, with a base image `base` of busybox, in directories, cgroups and a network of its
 * own; dispose removes all of it.
 */
export class BuilderFixture implements AsyncDisposable {
  readonly directory: string;
  readonly cgroupParent: string;
  readonly services: Services;

  private constructor(directory: string, cgroupParent: string, services: Services) {
    this.directory = directory;
    this.cgroupParent = cgroupParent;
    this.services = services;
  }

  static async open(): Promise<BuilderFixture> {
    const targets = ["gantry-shim", "gantry-layer", "libgantry.so"].map((name) => `../build/${name}`);
    execFileSync("make", ["-s", "-C", join(repository, "native"), ...targets]);
    const directory = mkdtempSync(join(tmpdir(), "gantry-build-"));
    const prefix = `b${newID().slice(0, 5)}`;
    const services = await openServices(directory, prefix);
    const fixture = new BuilderFixture(directory, `/${prefix}`, services);
    await fixture.#importBase();
    return fixture;
  }

  get builder(): Builder {
    return this.services.builder;
  }

  /** Builds a Dockerfile with files beside it; everything else as a plain `docker build` asks for it. */
  async build(
    dockerfile: string,
    files: Readonly<Record<string, ContextFile>> = {},
    change: Partial<BuildRequest> = {},
  ): Promise<{ id: string; output: string }> {
    let output = "";
    const context = this.context({ Dockerfile: dockerfile, ...files });
    const request = { ...this.request(context), ...change };
    try {
      const { imageID } = await this.builder.build(request, (event) => {
        if ("stream" in event) output += event.stream;
      });
      return { id: imageID, output };
    } catch (error) {
      if (error instanceof Error) Object.assign(error, { output });
      throw error;
    }
  }

  request(context: AsyncIterable<Uint8Array>): BuildRequest {
    return {
      context,
      dockerfile: "Dockerfile",
      tags: [],
      buildArgs: {},
      labels: {},
      noCache: false,
      pull: false,
      quiet: false,
      networkMode: "none",
      extraHosts: [],
    };
  }

  /** A context as a tar. */
  async *context(files: Readonly<Record<string, ContextFile>>): AsyncGenerator<Uint8Array> {
    const root = mkdtempSync(join(this.directory, "context-"));
    for (const [path, file] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeContextFile(join(root, path), file);
    }
    yield* writeTar(withoutRoot(directoryTree(root).walk("")));
    rmSync(root, { recursive: true });
  }

  /** The files of an image below a path: name → type, mode and owner, with the text of files. */
  async files(reference: string, path = "/"): Promise<Record<string, string>> {
    const { chainID } = this.services.images.get(reference);
    if (chainID === undefined) return {};
    const mounts = await this.services.snapshots.view(chainID);
    const found: Record<string, string> = {};
    for await (const file of readTar(this.services.layers.pack(mounts, path, { name: "top" }))) {
      if (file.path !== "top") found[file.path.slice("top/".length)] = await describe(file);
    }
    return found;
  }

  /** What the last layers of an image hold, as names in their tars; the base image's are left out. */
  async layerNames(reference: string): Promise<string[][]> {
    const { manifest } = this.services.images.get(reference);
    const base = this.services.images.get("base").manifest.layers.length;
    const names: string[][] = [];
    for (const { digest } of manifest.layers.slice(base)) {
      const layer: string[] = [];
      const path = join(this.directory, "root/content/blobs/sha256", digest.slice("sha256:".length));
      const bytes = this.services.layers.decompress(Bun.file(path).stream());
      for await (const file of readTar(bytes)) layer.push(file.path);
      names.push(layer);
    }
    return names;
  }

  /** Everything temporary that a build may leave: none, when all is well. */
  async remains(): Promise<string[]> {
    const active = await this.services.snapshots.listActive();
    const list = (path: string) => {
      try {
        return readdirSync(join(this.directory, path));
      } catch {
        return [];
      }
    };
    return [...active.map(({ key }) => key), ...list("root/tmp"), ...list("run/build"), ...list("run/netns")];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { images, runtime, network, records } = this.services;
    await images.settled();
    await runtime.sweep(join(this.directory, "run/build"), new Set());
    runtime.close();
    await network.reset();
    await network.close();
    records[Symbol.dispose]();
    rmSync(this.directory, { recursive: true, force: true });
  }

  async #importBase(): Promise<void> {
    const tree = join(this.directory, "base");
    for (const name of ["bin", "etc", "tmp", "home/me"]) mkdirSync(join(tree, name), { recursive: true });
    copyFileSync("/bin/busybox", join(tree, "bin/busybox"));
    for (const name of [
      "sh",
      "cat",
      "echo",
      "ls",
      "id",
      "touch",
      "sleep",
      "rm",
      "mkdir",
      "chmod",
      "env",
      "stat",
      "pwd",
      "hostname",
      "wc",
      "gzip",
      "head",
    ]) {
      symlinkSync("busybox", join(tree, "bin", name));
    }
    writeFileSync(
      join(tree, "etc/passwd"),
      "root:x:0:0:root:/root:/bin/sh\nme:x:1000:1001:me:/home/me:/bin/sh\n",
    );
    writeFileSync(join(tree, "etc/group"), "root:x:0:\nme:x:1001:\nstaff:x:50:me\n");
    const config: ImageRunConfig = { Cmd: ["sh"], Env: ["PATH=/bin"] };
    const archive = writeTar(withoutRoot(directoryTree(tree).walk("")));
    await this.services.images.importRoot(archive, { reference: "base", config });
  }
}

async function openServices(directory: string, prefix: string): Promise<Services> {
  const root = join(directory, "root");
  const runDirectory = join(directory, "run");
  const temporaryDirectory = join(root, "tmp");
  for (const path of [temporaryDirectory, runDirectory]) mkdirSync(path, { recursive: true });
  const records = openRecords(join(root, "records.db"));
  const content = await openContentStore(join(root, "content"));
  const snapshots = await openOverlaySnapshotter(join(root, "snapshots"));
  const layers = createLayerTools({ helper: join(repository, "build/gantry-layer") });
  const images = createImageService({ content, snapshots, layers, records });
  const common = { runDirectory, cgroupParent: `/${prefix}`, log: silentLogger };
  const runtime = await openRuntime({ shim: join(repository, "build/gantry-shim"), ...common });
  const network = await openNetworkService({ records, runDirectory, prefix, log: silentLogger });
  const abilities = await readHostAbilities();
  const shared = { images, snapshots, layers, runtime, network, records, abilities };
  const cacheDirectory = join(root, "build-cache");
  const builder = createBuilder({ ...shared, ...common, temporaryDirectory, cacheDirectory });
  return { ...shared, builder };
}

function writeContextFile(path: string, file: ContextFile): void {
  if (file instanceof Uint8Array) writeFileSync(path, file);
  else if (typeof file !== "string") writeFileSync(path, file.text, { mode: file.mode });
  else if (file.startsWith("-> ")) symlinkSync(file.slice(3), path);
  else writeFileSync(path, file);
}

async function* withoutRoot(files: AsyncIterable<TreeFile>): AsyncGenerator<TreeFile> {
  for await (const file of files) if (file.path !== "") yield file;
}

async function describe(file: TreeFile): Promise<string> {
  const owner = `${file.mode.toString(8)} ${file.uid}:${file.gid}`;
  if (file.type !== "file") return [file.type, owner, file.target ?? ""].join(" ").trim();
  let text = "";
  for await (const chunk of file.content()) text += Buffer.from(chunk).toString();
  return `${owner} ${JSON.stringify(text)}`;
}

/** Output with everything that differs from run to run replaced. */
export function plain(output: string): string {
  return output.replace(/\b[0-9a-f]{12}\b/g, "<id>");
}

/** The failure of a build and what it had said until then. */
export async function failure(work: Promise<unknown>): Promise<Error & { output: string }> {
  const thrown: unknown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof Error && "output" in thrown && typeof thrown.output === "string") {
    return Object.assign(thrown, { output: thrown.output });
  }
  throw new Error(`expected a failed build, got ${String(thrown)}`);
}

/** What the steps of a build say beyond their headers: `run`, `cached` or `config`. */
export function fates(output: string): string[] {
  return output
    .split(/^Step .*$/m)
    .slice(1)
    .map((text) => (text.includes("Running in") ? "run" : text.includes("Using cache") ? "cached" : "done"));
}

/** The same chunks again. */
export async function* replay(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}
