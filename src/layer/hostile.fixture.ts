import { gzipSync, zstdCompressSync } from "node:zlib";
import { base256, type Entry, tar } from "./tar.fixture.ts";

/** A layer that nobody should have to trust. */
export interface Hostile {
  readonly what: string;
  readonly archive: Uint8Array;
  /** A part of the reason it is refused for; absent for what is taken, but must stay within its tree. */
  readonly refused?: string;
  /** The entry that the refusal names. */
  readonly entry?: string;
}

const file = (name: string, data = "x"): Entry => ({ name, data });
const directory = (name: string): Entry => ({ name, type: "5" });
const link = (name: string, target: string): Entry => ({ name, type: "2", link: target });
const hard = (name: string, target: string): Entry => ({ name, type: "1", link: target });
const device = (name: string, major: number, minor: number): Entry => ({
  name,
  type: "3",
  device: [major, minor],
});

/** Where the size, the owner and the time stand in a header. */
const at = { mode: 100, uid: 108, size: 124, mtime: 136, checksum: 148 };

const deep = (count: number): string => "d/".repeat(count);
const long = (count: number): string => `${"n".repeat(249)}/`.repeat(count);

/** Archives that are refused, each with the entry and the reason. */
// biome-ignore lint/complexity/noExcessiveLinesPerFunction: a table.
function refusals(): readonly [what: string, entries: readonly Entry[], entry: string, reason: string][] {
  return [
    ["a name that climbs", [file("../outside/new")], "../outside/new", 'name holds ".."'],
    ["a name that climbs from within", [file("a/../../outside/n")], "a/../../outside/n", 'name holds ".."'],
    [
      "a long name that climbs",
      [{ name: "x", pax: { path: "../outside/new" }, data: "" }],
      "../outside/new",
      'name holds ".."',
    ],
    ["a GNU long name that climbs", [longName("../outside/new"), file("x")], "../outside/new", 'holds ".."'],
    ["a deletion that climbs", [file("../outside/.wh.secret", "")], "../outside/.wh.secret", 'holds ".."'],
    ["a hard link that climbs", [hard("mine", "../outside/secret")], "mine", 'links to a name with ".."'],
    [
      "a long hard link that climbs",
      [{ ...hard("mine", "x"), pax: { linkpath: "../outside/secret" } }],
      "mine",
      'links to a name with ".."',
    ],
    ["a hard link to nothing", [hard("mine", "none")], "mine", "it links to a file that does not exist"],
    ["a hard link to itself", [hard("mine", "mine")], "mine", "it links to a file that does not exist"],
    ["a hard link to a directory", [directory("d"), hard("mine", "d")], "mine", "hard link to a directory"],
    ["a hard link to the root", [hard("mine", "/")], "mine", "it is a hard link to the root"],
    [
      "a hard link in the place of the directory it points into",
      [file("d/f"), hard("d", "d/f")],
      "d",
      "it takes the place of what it links to",
    ],
    ["a deletion of the directory itself", [file("d/.wh..", "")], "d/.wh..", "it deletes no name"],
    ["a deletion of the parent", [file("d/.wh...", "")], "d/.wh...", "it deletes no name"],
    ["a deletion of no name", [file(".wh.", "")], ".wh.", "it deletes no name"],
    ["a file below a deletion of no name", [file(".wh./x")], ".wh./x", "it lies below a deletion"],
    ["a file below a deletion", [file(".wh.d/f", "")], ".wh.d/f", "it lies below a deletion"],
    ["an opaque mark in a file", [file("f"), file("f/.wh..wh..opq")], "f/.wh..wh..opq", "is not a directory"],
    ["a device that means deletion", [device("gone", 0, 0)], "gone", "device 0:0 stands for a deleted file"],
    [
      "a device that means deletion once its number is cut",
      [{ ...device("gone", 0, 0), raw: { 329: base256(1n << 32n, 8) } }],
      "gone",
      "device 0:0 stands for a deleted file",
    ],
    ["a file as parent", [file("f"), file("f/g")], "f/g", 'its parent "f" is not a directory'],
    ["a device as parent", [device("n", 1, 3), file("n/g")], "n/g", 'its parent "n" is not a directory'],
    ["links in a circle", [link("a", "b"), link("b", "a"), file("a/f")], "a/f", "too many symbolic links"],
    ["a link to itself as parent", [link("a", "a/a"), file("a/f")], "a/f", "too many symbolic links"],
    ["a link that grows", [link("a", "a/aaaaaaaa/a"), file("a/f")], "a/f", "too many symbolic links"],
    ["a root that is a link", [link("./", "/outside")], "", "the root is not a directory"],
    ["a root that is a file", [file("/.")], "", "the root is not a directory"],
    ["a file without name", [file("")], "", "the root is not a directory"],
    [
      "a name longer than any file system takes",
      [{ name: "x", pax: { path: "n".repeat(300) }, data: "" }],
      "n".repeat(300),
      "File name too long",
    ],
    [
      "directories nested deeper than any path reaches",
      [{ name: "x", pax: { path: `${deep(3000)}f` }, data: "" }],
      `${deep(3000)}f`.slice(0, 1023),
      "name is longer than 4095 bytes",
    ],
    [
      "directories nested deeper by a link",
      [
        { name: "x", type: "5", pax: { path: long(10) } },
        { ...link("l", "d"), pax: { linkpath: long(10) } },
        { name: "x", pax: { path: `l/${long(7)}f` }, data: "" },
      ],
      `l/${long(7)}f`.slice(0, 1023),
      "its real path is longer than 4095 bytes",
    ],
    ["a link without target", [link("l", "")], "l", "symbolic link without target"],
    [
      "an owner beyond all numbers",
      [{ ...file("f"), raw: { [at.uid]: base256(1n << 40n, 8) } }],
      "f",
      "owner",
    ],
    [
      "an attribute that is too large",
      [{ ...file("f"), pax: { "SCHILY.xattr.user.big": "v".repeat(100_000) } }],
      "f",
      "extended attribute",
    ],
    [
      "an attribute whose name is too long",
      [{ ...file("f"), pax: { [`SCHILY.xattr.user.${"k".repeat(300)}`]: "v" } }],
      "f",
      "extended attribute",
    ],
    [
      "capabilities that are none",
      [{ ...file("f"), pax: { "SCHILY.xattr.security.capability": "noise" } }],
      "f",
      "extended attribute",
    ],
    [
      "a sparse file larger than any",
      [{ ...file("f", ""), pax: sparse("0", "9223372036854775807", "0,0") }],
      "f",
      "larger than any file",
    ],
    [
      "a sparse map with data beyond any file",
      [{ ...file("f", "x"), pax: sparse("1", "9223372036854775807", "9223372036854775806,1") }],
      "f",
      "",
    ],
  ];
}

/** Archives whose very form is wrong: the reader's own words, and no entry it could name. */
function malformed(): readonly [what: string, archive: Uint8Array][] {
  const good = tar(file("a", "a".repeat(5000)), file("b"));
  const random = new Uint8Array(4096).map((_, index) => (index * 193 + (index >> 3) * 71) & 255);
  return [
    ["cut in a header", good.subarray(0, 300)],
    ["cut in the middle of a file", good.subarray(0, 3000)],
    ["cut in the header of the second file", good.subarray(0, 512 + 5120 + 100)],
    ["a wrong checksum", Buffer.concat([good.subarray(0, 11 * 512), new Uint8Array(512).fill(65), good])],
    ["text", Buffer.from("lorem ipsum ".repeat(500))],
    ["noise", random],
    ["a size beyond the data", tar({ name: "a", data: "x", size: 8 ** 11 - 1 })],
    ["a size beyond all numbers", tar({ ...file("a"), raw: { [at.size]: base256((1n << 63n) - 1n, 12) } })],
    ["a negative size", tar({ ...file("a"), raw: { [at.size]: base256(-5n, 12) } })],
    ["a long size beyond the data", tar({ ...file("a"), pax: { size: "9223372036854775807" } })],
    ["long fields without end", tar({ ...file("a"), rawPax: "99 path=a" })],
    ["long fields without length", tar({ ...file("a"), rawPax: "path=a\n" })],
    ["long fields cut short", tar({ name: "PaxHeaders/x", type: "x", data: "20 path=a\n", size: 4096 })],
    [
      "long fields larger than memory",
      tar({ name: "PaxHeaders/x", type: "x", data: "30 path=aa\n", size: 8 ** 11 - 1 }),
    ],
    [
      "a GNU long name larger than memory",
      tar({ name: "././@LongLink", type: "L", data: "aa\0", size: 8 ** 11 - 1 }),
    ],
    ["gzip in gzip", gzipSync(gzipSync(good))],
    ["zstd in gzip", gzipSync(zstdCompressSync(good))],
    ["cut gzip data", gzipSync(good).subarray(0, 60)],
    ["gzip data without its sum", gzipSync(good).subarray(0, -8)],
    ["gzip data with a wrong sum", changed(gzipSync(good), -6)],
    ["gzip data with a wrong length", changed(gzipSync(good), -2)],
    ["a gzip header alone", gzipSync(good).subarray(0, 10)],
    [
      "broken gzip data",
      Buffer.concat([gzipSync(good).subarray(0, 40), new Uint8Array(40).fill(255), gzipSync(good)]),
    ],
    ["cut zstd data", zstdCompressSync(good).subarray(0, 40)],
    ["a zstd header alone", zstdCompressSync(good).subarray(0, 5)],
    ["broken zstd data", changed(zstdCompressSync(good), 9)],
    ["bzip2 that is none", Buffer.from("BZh9 this is not bzip2 at all")],
    ["xz that is none", Buffer.concat([Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]), random])],
  ];
}

/**
 * Archives that try to get out of the tree, or to confuse, and may be taken: `outside` is a directory that they aim
 * at, with a file `secret`.
 */
// biome-ignore lint/complexity/noExcessiveLinesPerFunction: a table.
function confined(outside: string): readonly [what: string, entries: readonly Entry[]][] {
  return [
    ["absolute names", [file(`${outside}/new`), file(`//${outside}/secret`, "bad")]],
    ["a file through an absolute link", [link("l", outside), file("l/secret", "bad")]],
    ["a file through a climbing link", [link("l", "../../../outside"), file("l/new")]],
    ["a file through links to links", [link("a", outside), link("b", "a"), file("b/new")]],
    [
      "links that change between entries",
      [directory("l"), file("l/f"), link("l", outside), file("l/secret", "bad"), directory("l"), file("l/g")],
    ],
    [
      "a parent that becomes a link",
      [
        file("a/b/f"),
        link("a/b", outside),
        file("a/b/secret", "bad"),
        link("a", "../outside"),
        file("a/new"),
      ],
    ],
    ["a file in the place of a link", [link("l", `${outside}/secret`), file("l", "bad")]],
    [
      "a hard link in the place of a link",
      [link("l", `${outside}/secret`), hard("h", "l"), file("h", "bad")],
    ],
    ["a hard link to a link, written through", [link("l", outside), hard("h", "l"), file("h/secret", "bad")]],
    ["a directory in the place of a link", [link("l", outside), directory("l/"), file("l/secret", "bad")]],
    ["a deletion through a link", [link("l", outside), file("l/.wh.secret", "")]],
    ["a deletion through links", [link("a", "/"), link("b", `a/${outside}`), file("b/.wh.secret", "")]],
    ["an opaque mark through a link", [link("l", outside), file("l/.wh..wh..opq", "")]],
    ["metadata through a link", [link("l", outside), { name: "l/.", type: "5", mode: 0o777, uid: 5 }]],
    ["a link with a very long target", [{ ...link("l", "d"), pax: { linkpath: `/${"../".repeat(1000)}` } }]],
    [
      "names with odd slashes and dots",
      [file("./a//b/./c"), directory("/./d/"), directory("/"), directory("")],
    ],
    ["reserved names of older drivers", [file(".wh..wh.plnk/1.2", "x"), file("d/.wh..wh.aufs", "x")]],
    ["hard links to devices", [device("null", 1, 3), hard("zero", "null")]],
    [
      "the same name over and over",
      [file("f", "1"), directory("f"), file("f/g"), link("f", "/"), file("f", "2")],
    ],
    ["directories nested deeply", [{ name: "x", type: "5", pax: { path: deep(300) } }]],
    [
      "times before and after all time",
      [mtime("a", -(1n << 62n)), mtime("b", (1n << 62n) - 1n), mtime("c", -1n)],
    ],
    [
      "a long name with a NUL in it",
      [{ name: "x", pax: { path: "../outside/\0new" }, rawPax: nulPath() }, file("z")],
    ],
    [
      "fields for the whole archive",
      [{ name: "g", type: "g", data: "26 path=../outside/secret\n" }, file("x")],
    ],
    [
      "overlayfs' own attributes",
      [
        { ...directory("d"), pax: { "SCHILY.xattr.trusted.overlay.redirect": "/outside" } },
        { ...directory("e"), pax: { "SCHILY.xattr.trusted.overlay.opaque": "y" } },
        {
          ...file("f"),
          pax: { "SCHILY.xattr.trusted.overlay.metacopy": "", "SCHILY.xattr.user.overlay.x": "y" },
        },
      ],
    ],
  ];
}

/** The corpus. `outside` is an absolute path that hostile names and links aim at. */
export function hostileLayers(outside: string): readonly Hostile[] {
  return [
    ...refusals().map(([what, entries, entry, refused]) => ({
      what,
      archive: tar(...entries),
      entry,
      refused,
    })),
    ...malformed().map(([what, archive]) => ({ what, archive, refused: "" })),
    ...confined(outside).map(([what, entries]) => ({ what, archive: tar(...entries) })),
  ];
}

function longName(name: string): Entry {
  return { name: "././@LongLink", type: "L", data: `${name}\0` };
}

function mtime(name: string, seconds: bigint): Entry {
  return { ...file(name), raw: { [at.mtime]: base256(seconds, 12) } };
}

function nulPath(): string {
  return "12 path=a\0b\n";
}

/** PAX records of a GNU sparse file, version 0.1. */
function sparse(count: string, size: string, map: string): Record<string, string> {
  return {
    "GNU.sparse.numblocks": count,
    "GNU.sparse.size": size,
    "GNU.sparse.map": map,
  };
}

/** With one byte turned over; a negative place counts from the end. */
function changed(bytes: Uint8Array, place: number): Uint8Array {
  const copy = new Uint8Array(bytes);
  const index = place < 0 ? copy.length + place : place;
  copy[index] = (copy[index] ?? 0) ^ 0xff;
  return copy;
}
