import { readdir, readFile, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { codeOf, EngineError, hexOf } from "../base/index.ts";
import { openContentStore } from "../content/index.ts";
import { type Descriptor, parseIndex } from "../oci/index.ts";
import { contentSink } from "./content-sink.ts";
import { fileSource } from "./file-source.ts";
import type { Sink, Source } from "./types.ts";

const refName = "org.opencontainers.image.ref.name";
const fullName = "io.containerd.image.name";

interface Layout {
  readonly path: string;
  readonly name: string | undefined;
}

/** An image of an OCI layout; without a name there must be only one. */
export async function layoutSource({ path, name }: Layout): Promise<Source> {
  const entries = await readIndex(path);
  if (!entries) {
    throw new EngineError("not-found", `No OCI layout in ${path}: there is no index.json`, { subject: path });
  }
  const matching = name === undefined ? entries : entries.filter((entry) => namesOf(entry).includes(name));
  const [entry, ...others] = matching;
  if (!entry) throw unknown(path, entries, name);
  if (others.length > 0 && others.some(({ digest }) => digest !== entry.digest)) {
    throw new EngineError("invalid", `${path} holds several images: name one of ${listOf(entries)}`, {
      subject: path,
    });
  }
  const { mediaType, digest, size } = entry;
  const pathOf = async (one: typeof digest) => join(path, "blobs/sha256", hexOf(one));
  return fileSource({ mediaType, digest, size }, pathOf, async () => {});
}

/** A layout that is made, or that gets one more image; an image of the same name gives it up. */
export async function layoutSink({ path, name }: Layout): Promise<Sink> {
  await refuseOther(path);
  const content = await openContentStore(path);
  return contentSink(content, {
    async finish({ descriptor }) {
      const { mediaType, digest, size } = descriptor;
      const entry: Descriptor = {
        ...{ mediaType, digest, size },
        ...(name === undefined ? {} : { annotations: { [refName]: name } }),
      };
      const others = ((await readIndex(path)) ?? []).filter((one) => !isReplaced(one, entry, name));
      await content.setIndex([...others, entry]);
    },
    // What did not come whole stays for the next try.
    close: () => rmdir(join(path, "ingest")).catch(() => {}),
  });
}

/** A directory with other things in it is not made a layout. */
async function refuseOther(path: string): Promise<void> {
  const names = await namesIn(path);
  if (names.length === 0 || names.includes("oci-layout")) return;
  throw new EngineError("conflict", `${path} is no OCI layout and not empty`, { subject: path });
}

async function namesIn(path: string): Promise<readonly string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  }
}

function isReplaced(one: Descriptor, entry: Descriptor, name: string | undefined): boolean {
  if (name !== undefined) return one.annotations?.[refName] === name;
  return one.digest === entry.digest && one.annotations?.[refName] === undefined;
}

async function readIndex(path: string): Promise<readonly Descriptor[] | undefined> {
  try {
    return parseIndex(await readFile(join(path, "index.json")), `${path}/index.json`).manifests;
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return undefined;
    throw error;
  }
}

function namesOf({ annotations = {} }: Descriptor): readonly string[] {
  return [annotations[refName], annotations[fullName]].flatMap((name) => name ?? []);
}

function listOf(entries: readonly Descriptor[]): string {
  return entries.map((entry) => namesOf(entry)[0] ?? entry.digest).join(", ");
}

function unknown(path: string, entries: readonly Descriptor[], name: string | undefined): EngineError {
  const text = name === undefined ? `${path} holds no image` : `${path} holds no image "${name}"`;
  const hint = entries.length > 0 ? `: there are ${listOf(entries)}` : "";
  return new EngineError("not-found", `${text}${hint}`, { subject: path });
}
