import { digestOf, hexOf } from "../src/base/index.ts";
import { base256, type Entry, tar } from "../src/layer/tar.fixture.ts";
import { mediaTypes } from "../src/oci/index.ts";

/** An image archive that nobody should have to trust. */
export interface HostileArchive {
  readonly what: string;
  readonly archive: Uint8Array;
  /** A part of the reason it is refused for; absent where its image is loaded all the same. */
  readonly refused?: string;
}

const layer = tar({ name: "etc/", type: "5" }, { name: "etc/file", data: "text" });

/** An image archive in Docker's format, around one layer whatever that is. */
export function archiveAround(content: Uint8Array, plain: Uint8Array, name: string): Uint8Array {
  const config = configOf([plain]);
  const path = `${"1".repeat(64)}/layer.tar`;
  return tar(
    { name: path, data: content },
    { name: "config.json", data: config },
    { name: "manifest.json", data: json([{ Config: "config.json", RepoTags: [name], Layers: [path] }]) },
  );
}

/** The corpus; an image that is loaded gets the name. */
export function hostileArchives(name: string): readonly HostileArchive[] {
  return [...refusedMembers(name), ...refusedDocuments(name), ...taken(name)];
}

function refusedMembers(name: string): readonly HostileArchive[] {
  const whole = classic(name);
  const member = (entry: Entry) => tar(entry, ...whole);
  return [
    {
      what: "a layer that is a link to a file of the machine",
      archive: replaced(whole, "layer.tar", { name: "layer.tar", type: "2", link: "/etc/hostname" }),
      refused: "layer.tar is missing",
    },
    {
      what: "a layer that is a climbing link",
      archive: replaced(whole, "layer.tar", {
        name: "layer.tar",
        type: "2",
        link: `${"../".repeat(20)}etc/hostname`,
      }),
      refused: "layer.tar is missing",
    },
    {
      what: "a layer that is a hard link to a file of the machine",
      archive: replaced(whole, "layer.tar", { name: "layer.tar", type: "1", link: "/etc/hostname" }),
      refused: "layer.tar is missing",
    },
    {
      what: "a layer that is a device",
      archive: replaced(whole, "layer.tar", { name: "layer.tar", type: "3", device: [1, 5] }),
      refused: "layer.tar is missing",
    },
    {
      what: "a layer that is a link to itself",
      archive: replaced(whole, "layer.tar", { name: "layer.tar", type: "2", link: "layer.tar" }),
      refused: "layer.tar is missing",
    },
    {
      what: "a layer at the end of too many links",
      archive: replaced(whole, "layer.tar", ...chain(20)),
      refused: "layer.tar is missing",
    },
    {
      what: "a name larger than memory",
      archive: member(large("L")),
      refused: "a header of 8589934591 bytes",
    },
    {
      what: "fields larger than memory",
      archive: member(large("x")),
      refused: "a header of 8589934591 bytes",
    },
    { what: "malformed fields", archive: member({ name: "a", rawPax: "7 a=b\n" }), refused: "malformed" },
    { what: "a name with a NUL", archive: member({ name: "a", rawPax: "12 path=a\0b\n" }), refused: "NUL" },
    {
      what: "a sparse member",
      archive: member({ name: "a", pax: { "GNU.sparse.major": "1" } }),
      refused: "sparse",
    },
    {
      what: "a member of negative size",
      archive: member({ name: "a", raw: { 124: base256(-1n, 12) } }),
      refused: "a size out of range",
    },
    {
      what: "a member larger than all numbers",
      archive: member({ name: "a", pax: { size: "99999999999999999999" } }),
      refused: "is no size",
    },
    {
      what: "a member that is longer than the archive",
      archive: member({ name: "a", pax: { size: "9007199254740991" } }),
      refused: "it ends within a file",
    },
    {
      what: "the same blob twice, the second time with other content",
      archive: tar(...layout(name), { name: blob(layer).name, data: "other" }),
      refused: "Cannot store blob",
    },
  ];
}

function refusedDocuments(name: string): readonly HostileArchive[] {
  const whole = layout(name);
  const nested = "[".repeat(300_000);
  const config = configOf([layer]);
  const both = { ...manifestOf(config, [layer]), manifests: [] };
  return [
    ...["index.json", "manifest.json"].map((document) => ({
      what: `${document} nested without end`,
      archive: replaced([...whole, ...classic(name)], document, { name: document, data: nested }),
      refused: "Cannot parse",
    })),
    {
      what: "index.json larger than any index",
      archive: replaced(whole, "index.json", { name: "index.json", data: " ".repeat(17 * 1024 * 1024) }),
      refused: "index.json is larger than",
    },
    { what: "a manifest nested without end", archive: around(Buffer.from(nested)), refused: "Cannot parse" },
    {
      what: "a manifest larger than any",
      archive: around(Buffer.alloc(9_000_000, " ")),
      refused: "are more than",
    },
    { what: "a manifest that is an index too", archive: around(json(both)), refused: "but both" },
    {
      what: "a config nested without end",
      archive: around(json(manifestOf(Buffer.from(nested), [layer])), Buffer.from(nested), layer),
      refused: "Cannot parse",
    },
    {
      what: "a config larger than any",
      archive: around(json(manifestOf(Buffer.alloc(9_000_000, " "), [])), Buffer.alloc(9_000_000, " ")),
      refused: "are more than",
    },
    {
      what: "a layer of another size than its descriptor says",
      archive: around(json(sized(manifestOf(config, [layer]), layer.length - 1)), config, layer),
      refused: `has ${layer.length} bytes, not ${layer.length - 1}`,
    },
    {
      what: "a layer of negative size",
      archive: around(json(sized(manifestOf(config, [layer]), -1)), config, layer),
      refused: "its size is negative",
    },
    {
      what: "a digest that climbs",
      archive: around(
        json({ ...manifestOf(config, []), layers: [{ mediaType: "x", digest: "sha256:../..", size: 1 }] }),
      ),
      refused: "not a sha256 digest",
    },
    { what: "indexes nested deeply", archive: indexes(8), refused: "nested too deeply" },
    {
      what: "an index of nothing that is there",
      archive: around(json({ schemaVersion: 2, manifests: [descriptor(Buffer.from("none"))] })),
      refused: "no image for this machine",
    },
    {
      what: "more layers than any stack holds",
      archive: around(
        json(manifestOf(configOf(Array(2000).fill(layer)), Array(2000).fill(layer))),
        configOf(Array(2000).fill(layer)),
        layer,
      ),
      refused: "max depth exceeded",
    },
  ];
}

/** Odd, but what is meant is clear, and nothing is written under any name. */
function taken(name: string): readonly HostileArchive[] {
  const whole = classic(name);
  const odd: readonly [what: string, entries: readonly Entry[]][] = [
    ["names that climb", [{ name: "../../../../../../tmp/gantry-hostile", data: "x" }, ...whole]],
    ["absolute names", [{ name: "/tmp/gantry-hostile", data: "x" }, ...whole]],
    [
      "links out of it",
      [{ name: "out", type: "2", link: "/tmp" }, { name: "out/gantry-hostile", data: "x" }, ...whole],
    ],
    ["the same blob twice", [...layout(name), blob(layer)]],
    ["a manifest.json that a later one replaces", [{ name: "manifest.json", data: "[" }, ...whole]],
    [
      "a layer that is a link",
      renamed(whole, "layer.tar", { name: "layer.tar", type: "2", link: "a/../real" }),
    ],
    [
      "a layer that is a hard link",
      renamed(whole, "layer.tar", { name: "layer.tar", type: "1", link: "./real" }),
    ],
    ["fields for the whole archive", [{ name: "g", type: "g", data: "19 path=../../../x\n" }, ...whole]],
  ];
  return odd.map(([what, entries]) => ({ what, archive: tar(...entries) }));
}

/** An archive in Docker's format. */
function classic(name: string): readonly Entry[] {
  return [
    { name: "layer.tar", data: layer },
    { name: "config.json", data: configOf([layer]) },
    {
      name: "manifest.json",
      data: json([{ Config: "config.json", RepoTags: [name], Layers: ["layer.tar"] }]),
    },
  ];
}

/** An OCI layout. */
function layout(name: string): readonly Entry[] {
  const config = configOf([layer]);
  const manifest = json(manifestOf(config, [layer]));
  return layoutOf({ ...descriptor(manifest), annotations: { "io.containerd.image.name": name } }, [
    manifest,
    config,
    layer,
  ]);
}

function layoutOf(top: object, blobs: readonly Uint8Array[]): readonly Entry[] {
  return [
    { name: "oci-layout", data: '{"imageLayoutVersion":"1.0.0"}' },
    { name: "index.json", data: json({ schemaVersion: 2, manifests: [top] }) },
    ...blobs.map(blob),
  ];
}

/** A layout whose only manifest are these bytes. */
function around(manifest: Uint8Array, ...others: readonly Uint8Array[]): Uint8Array {
  return tar(...layoutOf(descriptor(manifest), [manifest, ...others]));
}

function indexes(depth: number): Uint8Array {
  const blobs: Uint8Array[] = [json(manifestOf(configOf([layer]), [layer])), configOf([layer]), layer];
  let top = descriptor(blobs[0] ?? layer);
  for (let level = 0; level < depth; level += 1) {
    const index = json({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [top] });
    blobs.push(index);
    top = { ...descriptor(index), mediaType: mediaTypes.ociIndex };
  }
  return tar(...layoutOf(top, blobs));
}

function manifestOf(config: Uint8Array, layers: readonly Uint8Array[]) {
  return {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: { ...descriptor(config), mediaType: mediaTypes.ociConfig },
    layers: layers.map((one) => ({ ...descriptor(one), mediaType: mediaTypes.ociLayer })),
  };
}

function sized(manifest: ReturnType<typeof manifestOf>, size: number): object {
  return { ...manifest, layers: manifest.layers.map((one) => ({ ...one, size })) };
}

function configOf(layers: readonly Uint8Array[]): Uint8Array {
  return json({
    architecture: "amd64",
    os: "linux",
    rootfs: { type: "layers", diff_ids: layers.map((one) => digestOf(one)) },
  });
}

function descriptor(bytes: Uint8Array): { mediaType: string; digest: string; size: number } {
  return { mediaType: mediaTypes.ociManifest, digest: digestOf(bytes), size: bytes.length };
}

function blob(bytes: Uint8Array): Entry {
  return { name: `blobs/sha256/${hexOf(digestOf(bytes))}`, data: bytes };
}

function large(type: "L" | "x"): Entry {
  return { name: "large", type, data: "30 path=aa\n", size: 8 ** 11 - 1 };
}

function chain(length: number): readonly Entry[] {
  return Array.from({ length }, (_, at) => ({
    name: at === 0 ? "layer.tar" : `link${at}`,
    type: "2" as const,
    link: `link${at + 1}`,
  })).concat([{ name: `link${length}`, type: "2" as const, link: "real" }]);
}

function replaced(entries: readonly Entry[], name: string, ...by: readonly Entry[]): Uint8Array {
  return tar(...entries.flatMap((entry) => (entry.name === name ? by : [entry])));
}

/** The member goes by the name `real`, and another takes its place. */
function renamed(entries: readonly Entry[], name: string, other: Entry): readonly Entry[] {
  return entries.flatMap((entry) => (entry.name === name ? [{ ...entry, name: "real" }, other] : [entry]));
}

function json(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}
