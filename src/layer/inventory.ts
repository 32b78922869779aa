import type { EntryKind, TreeEntry } from "./types.ts";

const kinds: Readonly<Record<string, EntryKind>> = {
  f: "file",
  d: "directory",
  D: "directory",
  l: "link",
  c: "device",
  b: "device",
  p: "pipe",
  s: "socket",
  w: "deletion",
};

/** Reads what the helper prints for `inventory`: the entries of each chunk as it comes. */
export async function* parseInventory(
  source: AsyncIterable<Uint8Array>,
): AsyncIterable<readonly TreeEntry[]> {
  let rest = "";
  for await (const chunk of source) {
    const text = rest + Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString("latin1");
    const fields = text.split("\0");
    const whole = Math.floor((fields.length - 1) / 3) * 3;
    rest = fields.slice(whole).join("\0");
    const entries: TreeEntry[] = [];
    for (let at = 0; at < whole; at += 3)
      entries.push(parseEntry(fields[at] ?? "", fields[at + 1] ?? "", fields[at + 2] ?? ""));
    if (entries.length > 0) yield entries;
  }
  if (rest !== "") throw new Error("The list of a layer ends in the middle of an entry");
}

function parseEntry(numbers: string, path: string, target: string): TreeEntry {
  const [letter = "", mode, uid, gid, size, seconds, nanoseconds, inode = "", links, device] =
    numbers.split(" ");
  const kind = kinds[letter];
  if (kind === undefined) throw new Error(`An entry of unknown kind "${letter}" in a layer's list`);
  return {
    path,
    kind,
    opaque: letter === "D",
    mode: Number(mode),
    uid: Number(uid),
    gid: Number(gid),
    size: Number(size),
    modified: `${seconds}.${nanoseconds}`,
    inode,
    links: Number(links),
    target: kind === "device" ? `${letter}${device}` : target,
  };
}
