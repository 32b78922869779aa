import { createHash } from "node:crypto";
import { createReadStream, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createGunzip } from "node:zlib";
import { line } from "../scripts/show.ts";
import { repository } from "../scripts/suites.ts";

/** A layer of the bench's images: the gzip file and what it is. */
export interface BenchLayer {
  readonly file: string;
  readonly digest: string;
  readonly size: number;
  readonly diffID: string;
  readonly unpacked: number;
}

/** The layers of two images of a Debian system with python, node and a compiler; they share all but the last. */
export interface BenchLayers {
  readonly first: readonly BenchLayer[];
  readonly second: readonly BenchLayer[];
}

const packages: readonly (readonly [name: string, packages: readonly string[]])[] = [
  ["python", ["python3", "python3-pip"]],
  ["node", ["nodejs"]],
  ["gcc", ["gcc"]],
  ["g++", ["g++"]],
];

/**
 * The layers in `directory`: `1.tar.gz` to `7.tar.gz`, the last two being the tops of the two images. Made from Debian's
 * packages when they are absent, which takes some minutes and `mmdebstrap`.
 */
export async function benchLayers(directory = join(repository, "build/bench-image")): Promise<BenchLayers> {
  const files = Array.from({ length: 7 }, (_, at) => join(directory, `${at + 1}.tar.gz`));
  if (!files.every((file) => existsSync(file))) makeLayers(directory);
  const layers: BenchLayer[] = [];
  for (const file of files) layers.push(await describe(file));
  return { first: layers.slice(0, 6), second: [...layers.slice(0, 5), ...layers.slice(6)] };
}

function makeLayers(directory: string): void {
  if (Bun.which("mmdebstrap") === null)
    throw new Error("mmdebstrap is not installed: apt-get install mmdebstrap");
  line(`making the image of the bench in ${directory}, once`);
  mkdirSync(directory, { recursive: true });
  const steps = packages.map(([name, list], at) => layerScript(name, list, at + 2));
  const tops = [6, 7].map(
    (at) => `rm -rf top; mkdir -p top/srv; head -c 1000000 /dev/urandom > top/srv/data${at}; pack top ${at}`,
  );
  const script = [
    "set -eu",
    `cd '${directory}'`,
    "pack() { tar -C $1 -cf $2.tar .; gzip -6 -n < $2.tar > $2.tmp; mv $2.tmp $2.tar.gz; rm -rf $1 $2.tar; }",
    "mmdebstrap --quiet --variant=minbase stable base.tar",
    "gzip -6 -n < base.tar > 1.tmp; mv 1.tmp 1.tar.gz; tar -tf base.tar > seen; rm base.tar; : > had",
    ...steps,
    ...tops,
    "rm -rf debs had seen",
  ].join("\n");
  const made = Bun.spawnSync(["bash", "-c", script], { stdout: "inherit", stderr: "inherit" });
  if (!made.success) throw new Error("The layers of the bench could not be made");
}

/** What these packages need and no earlier layer has, unpacked. */
function layerScript(name: string, list: readonly string[], at: number): string {
  const wanted = `apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances ${list.join(" ")} | grep '^[a-z]' | grep -v : | sort -u`;
  return [
    `rm -rf debs '${name}'; mkdir -p debs '${name}'`,
    `for one in $(${wanted}); do grep -qx "$one" had || { (cd debs && apt-get -qq download "$one" 2>/dev/null) || true; echo "$one" >> had; }; done`,
    `for one in debs/*.deb; do dpkg-deb -x "$one" '${name}'; done`,
    `pack '${name}' ${at}`,
  ].join("\n");
}

/** Hashing takes seconds: what it found is kept beside the file. */
async function describe(file: string): Promise<BenchLayer> {
  const notes = `${file}.json`;
  const { size, mtimeMs } = statSync(file);
  if (existsSync(notes)) {
    const known: BenchLayer & { mtimeMs: number } = JSON.parse(readFileSync(notes, "utf8"));
    if (known.mtimeMs === mtimeMs && known.size === size) return { ...known, file };
  }
  const packed = createHash("sha256");
  const plain = createHash("sha256");
  let unpacked = 0;
  const source = createReadStream(file);
  source.on("data", (chunk) => packed.update(chunk));
  for await (const chunk of source.pipe(createGunzip())) {
    plain.update(chunk);
    unpacked += chunk.length;
  }
  const layer = {
    file,
    size,
    unpacked,
    digest: `sha256:${packed.digest("hex")}`,
    diffID: `sha256:${plain.digest("hex")}`,
  };
  writeFileSync(notes, JSON.stringify({ ...layer, mtimeMs }));
  return layer;
}
