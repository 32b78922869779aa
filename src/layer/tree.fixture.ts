import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Mount } from "../oci/index.ts";
import { createLayerTools } from "./index.ts";

/** The helper as built in this checkout. */
export const helper = join(import.meta.dir, "../../build/gantry-layer");
export const tools = createLayerTools({ helper });

/** A directory of its own for a test, with an overlay stack to be filled. */
export interface Playground extends AsyncDisposable {
  readonly root: string;
  path(...parts: string[]): string;
  /** A plain tree as one bind mount. */
  plain(name: string): Promise<readonly Mount[]>;
  /** An overlay of upper directory `upper` on the directories `lowers`, highest first. */
  overlay(upper: string, lowers: readonly string[]): Promise<readonly Mount[]>;
  /** Read-only view of `layers`, highest first. */
  view(layers: readonly string[]): readonly Mount[];
}

export async function playground(): Promise<Playground> {
  const root = await mkdtemp(join(tmpdir(), "gantry-layer-"));
  const path = (...parts: string[]) => join(root, ...parts);
  return {
    root,
    path,
    async plain(name) {
      await mkdir(path(name), { recursive: true });
      return [{ type: "bind", source: path(name), options: ["rbind", "rw"] }];
    },
    async overlay(upper, lowers) {
      await mkdir(path(upper), { recursive: true });
      await mkdir(path(`${upper}.work`), { recursive: true });
      const lower = lowers.map((one) => path(one)).join(":");
      return [
        {
          type: "overlay",
          source: "overlay",
          options: [`lowerdir=${lower}`, `upperdir=${path(upper)}`, `workdir=${path(`${upper}.work`)}`],
        },
      ];
    },
    view(layers) {
      const lower = layers.map((one) => path(one)).join(":");
      return [{ type: "overlay", source: "overlay", options: ["ro", `lowerdir=${lower}`] }];
    },
    async [Symbol.asyncDispose]() {
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** Lists a tree through `pack`: path → `<type> <mode> <owner> [size|target]`, as an overlay mount shows it. */
export async function listTree(mounts: readonly Mount[]): Promise<Record<string, string>> {
  const archive = Buffer.concat(await Array.fromAsync(tools.pack(mounts, "/", { name: "" })));
  return listTar(archive);
}

/** The entries of a tar of ours (ustar and PAX path, linkpath, xattrs). */
export function listTar(archive: Uint8Array): Record<string, string> {
  const listed: Record<string, string> = {};
  let pax: Record<string, string> = {};
  for (let at = 0; at + 512 <= archive.length && archive[at] !== 0; ) {
    const block = archive.subarray(at, at + 512);
    const size = Number(pax.size ?? octal(block, 124, 12));
    const data = archive.subarray(at + 512, at + 512 + size);
    at += 512 + Math.ceil(size / 512) * 512;
    if (field(block, 156, 1) === "x") {
      pax = records(data);
      continue;
    }
    listed[nameOf(block, pax)] = describe(block, data, pax);
    pax = {};
  }
  return listed;
}

function describe(block: Uint8Array, data: Uint8Array, pax: Record<string, string>): string {
  const type = field(block, 156, 1);
  const details: Record<string, string> = {
    "0": latin1(data).slice(0, 40),
    "1": pax.linkpath ?? field(block, 157, 100),
    "2": pax.linkpath ?? field(block, 157, 100),
    "3": `${octal(block, 329, 8)},${octal(block, 337, 8)}`,
    "4": `${octal(block, 329, 8)},${octal(block, 337, 8)}`,
  };
  const owner = `${pax.uid ?? octal(block, 108, 8)}:${pax.gid ?? octal(block, 116, 8)}`;
  const xattrs = Object.keys(pax).filter((key) => key.startsWith("SCHILY.xattr."));
  const words = [type, octal(block, 100, 8).toString(8), owner, details[type] ?? "", ...xattrs];
  return words.filter((word) => word !== "").join(" ");
}

function nameOf(block: Uint8Array, pax: Record<string, string>): string {
  const prefix = field(block, 345, 155);
  return pax.path ?? (prefix === "" ? field(block, 0, 100) : `${prefix}/${field(block, 0, 100)}`);
}

function records(data: Uint8Array): Record<string, string> {
  const found = latin1(data).matchAll(/\d+ ([^=]+)=([^\n]*)\n/g);
  return Object.fromEntries([...found].map(([, key = "", value = ""]) => [key, value]));
}

function latin1(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}

function field(block: Uint8Array, from: number, size: number): string {
  return latin1(block.subarray(from, from + size)).replace(/\0.*$/s, "");
}

function octal(block: Uint8Array, from: number, size: number): number {
  return Number.parseInt(field(block, from, size), 8);
}
