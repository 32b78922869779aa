import { gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { hostileLayers } from "./hostile.fixture.ts";
import { base256, type Entry, sign, tar } from "./tar.fixture.ts";

/** An archive to be tried: a tar, or compressed data. */
export interface Trial {
  readonly kind: "tar" | "compressed";
  readonly bytes: Uint8Array;
}

const block = 512;

/** Names that meet each other, and what `native/fuzz/world.c` puts into the lower layer. */
const names = fc.constantFrom(
  ...[
    "a",
    "b",
    "b/c",
    "low",
    "low/f",
    "low/h",
    "low/d",
    "low/d/x",
    "low/up",
    "l",
    "l/x",
    "l/new",
    "out",
    "n",
    "p",
  ],
  ...[
    "a/b",
    "a/b/c",
    "new",
    "new/deep/file",
    "out/secret",
    "out/new",
    "../outside/secret",
    "/outside/new",
    "low/up/x",
  ],
  ...[".", "", "/", "..", "./a//b", "low/", "b/", "new/"],
);
const deletions = fc.constantFrom(
  ...[
    ".wh.a",
    ".wh.b",
    ".wh.low",
    "low/.wh.f",
    "low/.wh.d",
    "l/.wh.x",
    "out/.wh.secret",
    ".wh.new",
    "new/.wh.deep",
  ],
  ...["low/.wh..wh..opq", ".wh..wh..opq", "b/.wh..wh..opq", "l/.wh..wh..opq", "a/.wh..wh..opq"],
  ...[".wh.", ".wh..", ".wh...", ".wh..wh.plnk/x", ".wh.a/b"],
);
const targets = fc.constantFrom(
  "a",
  "b",
  "low/f",
  "low/d",
  "/outside",
  "../outside/secret",
  "/",
  "..",
  "l",
  "new",
  "",
);
const times = fc.constantFrom(0n, 1n, -1n, 1n << 33n, 1n << 62n, -(1n << 62n));
const attributes = fc.constantFrom<Record<string, string>>(
  { "SCHILY.xattr.user.mark": "value" },
  { "SCHILY.xattr.trusted.overlay.opaque": "y" },
  {
    "SCHILY.xattr.security.capability":
      "\u0001\u0000\u0000\u0002\u0000\u0004\u0000\u0000\u0000\u0000\u0000\u0000",
  },
  { mtime: "1234567890.123456789" },
  { uid: "4294967294", gid: "100000" },
  { size: "3" },
  { path: "new/long" },
  { "GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "100000" },
);

const types: readonly NonNullable<Entry["type"]>[] = [
  ...(["0", "0", "0", "5", "5", "2", "2", "1", "1"] as const),
  ...(["3", "4", "6", "7", "S", "L", "K", "g"] as const),
];

const entry: fc.Arbitrary<Entry> = fc
  .record({
    name: fc.oneof({ weight: 4, arbitrary: names }, { weight: 2, arbitrary: deletions }),
    type: fc.constantFrom(...types),
    link: targets,
    data: fc.oneof(
      fc.string({ maxLength: 20 }),
      fc.constant("z".repeat(700)),
      fc.constant("\0".repeat(70_000)),
    ),
    mode: fc.constantFrom(0o644, 0o755, 0o4755, 0o1777, 0, 0o7777),
    uid: fc.constantFrom(0, 5, 1000),
    gid: fc.constantFrom(0, 6),
    device: fc.constantFrom<readonly [number, number]>([1, 3], [0, 0], [8, 1]),
    time: fc.option(times, { freq: 5 }),
    pax: fc.option(attributes, { freq: 3 }),
  })
  .map(({ time, pax, ...rest }) => ({
    ...rest,
    ...(time === null ? {} : { raw: { 136: base256(time, 12) } }),
    ...(pax === null ? {} : { pax }),
  }));

/** What is done to the bytes of an archive: at a place, with a value and another archive to take from. */
interface Change {
  readonly how: "flip" | "field" | "cut" | "splice" | "repeat" | "zero";
  readonly place: number;
  readonly value: number;
}

const change: fc.Arbitrary<Change> = fc.record({
  how: fc.constantFrom<Change["how"]>("flip", "field", "field", "cut", "splice", "repeat", "zero"),
  place: fc.nat(),
  value: fc.nat(),
});

/** Archives of every kind of badness. `corpus` are archives to start from beside invented ones. */
function trials(corpus: readonly Uint8Array[]): fc.Arbitrary<Trial> {
  const invented = fc
    .array(entry, { minLength: 1, maxLength: 8 })
    .map((entries) => new Uint8Array(tar(...entries)));
  const start = fc.oneof(
    { weight: 5, arbitrary: invented },
    { weight: 1, arbitrary: fc.constantFrom(...corpus) },
  );
  const changes = fc.oneof(
    { weight: 1, arbitrary: fc.constant([]) },
    { weight: 2, arbitrary: fc.array(change, { maxLength: 4 }) },
  );
  const packing = fc.constantFrom("tar", "tar", "tar", "tar", "tar", "tar", "tar", "gzip", "zstd");
  return fc.tuple(start, start, changes, packing).map(([bytes, other, list, packed]): Trial => {
    if (packed === "tar")
      return { kind: "tar", bytes: list.reduce<Uint8Array>((now, one) => changed(now, one, other), bytes) };
    const compressed = new Uint8Array(packed === "gzip" ? gzipSync(bytes) : zstdCompressSync(bytes));
    return {
      kind: "compressed",
      bytes: list.reduce<Uint8Array>((now, one) => changed(now, one, other), compressed),
    };
  });
}

/** `count` archives; the same seed gives the same ones. */
export function sampleTrials(seed: number, count: number): readonly Trial[] {
  const corpus = hostileLayers("/outside")
    .map(({ archive }) => new Uint8Array(archive))
    .filter(({ length }) => length < 50_000);
  return fc.sample(trials(corpus), { seed, numRuns: count });
}

/** As `gantry-layer-fuzz` reads it. */
export function encodeTrial({ kind, bytes }: Trial): Uint8Array {
  const head = new Uint8Array(5);
  head[0] = kind === "tar" ? 0x74 : 0x63;
  new DataView(head.buffer).setUint32(1, bytes.length, true);
  return Buffer.concat([head, bytes]);
}

function changed(bytes: Uint8Array, { how, place, value }: Change, other: Uint8Array): Uint8Array {
  const at = place % bytes.length;
  const start = at - (at % block);
  const copy = new Uint8Array(bytes);
  switch (how) {
    case "flip":
      copy[at] = (copy[at] ?? 0) ^ (1 << (value % 8));
      return copy;
    case "field":
      return fieldChanged(copy, start, { at: place % block, value });
    case "cut":
      return copy.subarray(0, Math.max(1, at));
    case "splice":
      return new Uint8Array(
        Buffer.concat([copy.subarray(0, start), other.subarray(((value % other.length) >> 9) << 9)]),
      );
    case "repeat":
      return new Uint8Array(Buffer.concat([copy.subarray(0, start + block), copy.subarray(start)]));
    case "zero":
      return copy.fill(0, at, at + (value % block));
  }
}

/** Overwrites a part of a header and makes the sum right, so that what is in it is believed. */
function fieldChanged(
  bytes: Uint8Array,
  start: number,
  { at, value }: { at: number; value: number },
): Uint8Array {
  if (start + block > bytes.length) return bytes;
  const header = bytes.subarray(start, start + block);
  const fills = [0x00, 0xff, 0x80, 0x37, 0x2f, 0x2e, 0x20, value & 255];
  header.fill(fills[value % fills.length] ?? 0, at, at + 1 + ((value >> 8) % 12));
  sign(header);
  return bytes;
}
