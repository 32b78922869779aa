import { realpath } from "node:fs/promises";
import { dirname } from "node:path";
import { codeOf, EngineError } from "../base/index.ts";
import type { Platform } from "../oci/index.ts";
import type { RegistryClient, RegistryCredentials } from "../registry/index.ts";
import { type ArchiveNeeds, archiveSink, archiveSource } from "./archive.ts";
import { copyImage } from "./copy.ts";
import { type EngineEnd, engineSink, engineSource } from "./engine-end.ts";
import { layoutSink, layoutSource } from "./layout.ts";
import { type Locator, parseLocator } from "./locator.ts";
import { registrySink, registrySource } from "./registry-end.ts";
import { remoteSink, remoteSource } from "./remote-engine.ts";
import type { Sink, Source, TransferProgress, Transferred } from "./types.ts";

export interface TransferNeeds extends ArchiveNeeds {
  /** The engine's own directory: nothing is written there but by itself. */
  readonly root: string;
  readonly engine: EngineEnd;
  readonly registries: RegistryClient;
}

export interface TransferOptions {
  /** Every platform of an index, with the index. */
  readonly all: boolean;
  readonly platform?: Platform | undefined;
  readonly sourceCredentials?: RegistryCredentials | undefined;
  readonly targetCredentials?: RegistryCredentials | undefined;
  readonly report: (event: TransferProgress) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Moves images between registries, layouts, archives and engines without unpacking them. */
export interface Transfer {
  /**
   * Copies the image of one place (see `Locator`) to another. Bytes and digests stay as they are, blobs that the
   * target has do not move, and nothing shows up under the target's name unless all of it is there.
   */
  copy(source: string, target: string, options: TransferOptions): Promise<Transferred>;
}

export function createTransfer(needs: TransferNeeds): Transfer {
  return {
    async copy(from, to, options) {
      // Both are understood before either is touched.
      const [source, target] = [parseLocator(from), parseLocator(to)];
      await using input = await openSource(needs, source, options);
      await using output = await openSink(needs, target, options);
      return await copyImage(input, output, options);
    },
  };
}

async function openSource(needs: TransferNeeds, at: Locator, options: TransferOptions): Promise<Source> {
  const { signal } = options;
  switch (at.kind) {
    case "registry":
      return registrySource({ ...repositoryAt(needs, at, options.sourceCredentials), signal });
    case "layout":
      return await layoutSource(at);
    case "archive":
      return await archiveSource(needs, at, signal);
    case "engine":
      return await engineSource(needs.engine, at.name);
    case "remote":
      return await remoteSource(needs, { ...at, signal });
  }
}

async function openSink(needs: TransferNeeds, at: Locator, options: TransferOptions): Promise<Sink> {
  const { signal } = options;
  switch (at.kind) {
    case "registry":
      return registrySink({ ...repositoryAt(needs, at, options.targetCredentials), signal });
    case "layout":
      await refuseOwn(needs, at.path);
      return await layoutSink(at);
    case "archive":
      await refuseOwn(needs, at.path);
      return await archiveSink(at);
    case "engine":
      return engineSink(needs.engine, at.name);
    case "remote":
      return await remoteSink(needs, { ...at, signal });
  }
}

async function refuseOwn({ root }: TransferNeeds, path: string): Promise<void> {
  const [own, directory] = await Promise.all([realpath(root), nearest(path)]);
  if (directory !== own && !directory.startsWith(`${own}/`)) return;
  throw new EngineError("denied", `Cannot copy to ${path}: it lies in the engine's own directory`, {
    subject: path,
  });
}

/** The real path of the nearest directory that exists. */
async function nearest(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
    return await nearest(dirname(path));
  }
}

function repositoryAt(
  { registries }: TransferNeeds,
  { repository, reference }: Extract<Locator, { kind: "registry" }>,
  credentials: RegistryCredentials | undefined,
) {
  return { repository: registries.repository(repository, credentials ? { credentials } : {}), reference };
}
