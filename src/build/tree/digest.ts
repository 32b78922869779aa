import { createHash } from "node:crypto";
import { type Digest, parseDigest } from "../../base/index.ts";
import type { TreeFile } from "./types.ts";

/** Digests of contents that were read before in the same build, by identity of the file. */
export type KnownContents = Map<string, Promise<string>>;

/**
 * The digest of files: names, kinds, permissions, owners, targets, attributes and contents; times do not count.
 * Reads chunk by chunk, so that other work goes on meanwhile.
 */
export async function digestFiles(files: AsyncIterable<TreeFile>, known: KnownContents): Promise<Digest> {
  const hash = createHash("sha256");
  for await (const file of files) {
    const { path, type, mode, uid, gid, target, device } = file;
    const content = type === "file" ? await contentDigest(file, known) : "";
    hash.update(`${JSON.stringify([path, type, mode, uid, gid, target, device, content])}\n`);
    for (const [key, value] of file.records ?? []) hash.update(key).update(value);
  }
  return parseDigest(`sha256:${hash.digest("hex")}`);
}

function contentDigest(file: TreeFile, known: KnownContents): Promise<string> {
  const { identity } = file;
  const before = identity === undefined ? undefined : known.get(identity);
  if (before) return before;
  const digest = hashContent(file);
  if (identity !== undefined) known.set(identity, digest);
  return digest;
}

async function hashContent(file: TreeFile): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of file.content()) hash.update(chunk);
  return hash.digest("hex");
}
