import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { heading, line, table } from "../scripts/show.ts";
import { ThrowawayEngine } from "../scripts/throwaway.ts";
import { type BenchLayer, type BenchLayers, benchLayers } from "./bench-image.ts";
import { BenchRegistry } from "./bench-registry.ts";
import { DockerPeer } from "./docker-peer.ts";
import { type Contender, interleave, type Result, ratio, timeCommand } from "./measure.ts";
import { peakMemory } from "./peak-memory.ts";

const usage = `npm run bench:images -- [--rounds N] [--layers DIR] [--no-docker]
  --rounds N     how often each is measured (default 3)
  --layers DIR   where 1.tar.gz to 7.tar.gz are or are made (default build/bench-image)
  --no-docker    without dockerd (apt-get install docker.io)
Needs docker-registry, curl and, to make the layers once, mmdebstrap; with skopeo it is measured too.
`;

/** An engine of either kind, spoken to with the docker command line. */
interface Side {
  readonly name: string;
  readonly command: (words: readonly string[]) => string[];
  /** Where it finds the registry that has the images. */
  readonly host: string;
  /** Runs a registry where this engine reaches it. */
  readonly enter: readonly string[];
}

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    rounds: { type: "string", default: "3" },
    layers: { type: "string" },
    "no-docker": { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});
if (values.help) {
  process.stdout.write(usage);
  process.exit(0);
}
const rounds = Number(values.rounds);
const layers = await benchLayers(values.layers);
const scratch = mkdtempSync(join(tmpdir(), "gantry-bench-images-"));
const engine = await ThrowawayEngine.start();
try {
  await using registry = await BenchRegistry.start(scratch);
  await registry.offer("first", layers.first);
  await registry.offer("second", layers.second);
  const gantry: Side = {
    name: "Gantry",
    command: (words) => ["docker", "-H", `unix://${engine.socket}`, ...words],
    host: registry.host,
    enter: [],
  };
  if (values["no-docker"]) await measureAll([gantry], registry);
  else {
    await using peer = await DockerPeer.start();
    const enter = ["nsenter", "--net", "-t", String(peer.pid)];
    await using near = await BenchRegistry.start(scratch, enter);
    const docker: Side = {
      name: dockerName(peer),
      command: (words) => peer.command(words),
      host: near.host,
      enter,
    };
    await measureAll([gantry, docker], registry);
  }
} finally {
  const left = await engine.remove();
  if (left.length > 0) line(`Left behind:\n${left.join("\n")}`);
  rmSync(scratch, { recursive: true, force: true });
}

async function measureAll(sides: readonly Side[], registry: BenchRegistry): Promise<void> {
  describeImage(layers);
  await measurePull(sides, registry);
  await measureSharedPull(sides, registry);
  await measurePush(sides);
  await measureArchives(sides);
}

function describeImage({ first }: BenchLayers): void {
  const total = (of: (layer: BenchLayer) => number): string =>
    `${Math.round(first.reduce((sum, layer) => sum + of(layer), 0) / 1e6)} MB`;
  line(
    `image: ${first.length} layers, ${total(({ size }) => size)} packed, ${total((one) => one.unpacked)} plain`,
  );
}

/** From an empty store to an image that can be run. */
async function measurePull(sides: readonly Side[], registry: BenchRegistry): Promise<void> {
  heading("pull into an empty store");
  let peak = 0;
  const contenders = sides.map((side): Contender => {
    const image = `${side.host}/first:latest`;
    return {
      name: side.name,
      async once() {
        await removeImages(side);
        if (side.name !== "Gantry") return await timeCommand(side.command(["pull", "-q", image]));
        const memory = peakMemory(engine.pid);
        const time = await timeCommand(side.command(["pull", "-q", image]));
        peak = Math.max(peak, memory.end());
        return time;
      },
    };
  });
  contenders.push({
    name: "curl | gunzip | tar, two at a time",
    once: () => bareTools(registry, layers.first),
  });
  if (Bun.which("skopeo") !== null) {
    contenders.push({ name: "skopeo copy to an OCI layout (not unpacked)", once: () => skopeo(registry) });
  }
  report(await interleave(contenders, rounds));
  line(`  peak memory of the engine and its helpers: ${Math.round(peak / 1024)} MiB (PSS)`);
}

/** The second image with the first one here: one layer of six is missing. */
async function measureSharedPull(sides: readonly Side[], registry: BenchRegistry): Promise<void> {
  heading("pull of an image that shares 5 of 6 layers");
  const contenders = sides.map((side): Contender => {
    const [first, second] = ["first", "second"].map((name) => `${side.host}/${name}:latest`);
    return {
      name: side.name,
      async once() {
        await timeCommand(side.command(["pull", "-q", first ?? ""]));
        await removeImages(side, "second");
        return await timeCommand(side.command(["pull", "-q", second ?? ""]));
      },
    };
  });
  contenders.push({
    name: "curl | gunzip | tar of that layer",
    once: () => bareTools(registry, layers.second.slice(5)),
  });
  report(await interleave(contenders, rounds));
}

async function measurePush(sides: readonly Side[]): Promise<void> {
  const again: Contender[] = [];
  heading("push of a pulled image to an empty registry");
  const contenders = sides.map((side): Contender => {
    again.push({ name: side.name, once: () => pushAgain(side) });
    return {
      name: side.name,
      once: () => inFreshRegistry(side.enter, (registry) => pushTo(side, registry)),
    };
  });
  contenders.push({
    name: "curl, one blob after the other",
    once: () =>
      inFreshRegistry([], (registry) =>
        timeCommand(["sh", "-ec", registry.uploadScript("bare", layers.first)]),
      ),
  });
  report(await interleave(contenders, rounds));
  heading("push to a registry that has all of it");
  report(await interleave(again, Math.max(rounds, 5)));
}

async function inFreshRegistry<T>(
  enter: readonly string[],
  work: (registry: BenchRegistry) => Promise<T>,
): Promise<T> {
  const directory = mkdtempSync(join(scratch, "push-"));
  try {
    await using registry = await BenchRegistry.start(directory, enter);
    return await work(registry);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function pushTo(side: Side, registry: BenchRegistry): Promise<number> {
  const target = `${registry.host}/first:latest`;
  await timeCommand(side.command(["tag", `${side.host}/first:latest`, target]));
  const time = await timeCommand(side.command(["push", "-q", target]));
  await timeCommand(side.command(["rmi", target]));
  return time;
}

async function pushAgain(side: Side): Promise<number> {
  return await timeCommand(side.command(["push", "-q", `${side.host}/first:latest`]));
}

async function measureArchives(sides: readonly Side[]): Promise<void> {
  const archive = (side: Side): string => join(scratch, `${side.name.split(" ")[0]}.tar`);
  heading("save");
  report(
    await interleave(
      sides.map((side) => ({
        name: side.name,
        once: () => timeCommand(side.command(["save", "-o", archive(side), `${side.host}/first:latest`])),
      })),
      rounds,
    ),
  );
  heading("load into an empty store");
  report(
    await interleave(
      sides.map((side) => ({
        name: side.name,
        async once() {
          await removeImages(side);
          return await timeCommand(side.command(["load", "-i", archive(side)]));
        },
      })),
      rounds,
    ),
  );
}

async function removeImages(side: Side, repository?: string): Promise<void> {
  const list = Bun.spawnSync(
    side.command(["images", "-q", ...(repository ? [`${side.host}/${repository}`] : [])]),
  );
  const images = [...new Set(list.stdout.toString().split("\n").filter(Boolean))];
  if (images.length > 0) await timeCommand(side.command(["rmi", "-f", ...images]));
}

/** What a pull does at the least, with the tools that everybody has. */
async function bareTools(registry: BenchRegistry, list: readonly BenchLayer[]): Promise<number> {
  const target = mkdtempSync(join(scratch, "bare-"));
  for (const at of list.keys()) mkdirSync(join(target, String(at)));
  const lines = list.map(
    ({ digest }, at) =>
      `curl -sS http://${registry.host}/v2/first/blobs/${digest} | gunzip | tar -xC ${target}/${at}`,
  );
  // The top of the second image lies in its own repository.
  const script = lines.map((one, at) => one.replace("/first/", `/${repositoryOf(list[at])}/`)).join("\n");
  const time = await timeCommand([
    "bash",
    "-c",
    `xargs -P 2 -d '\\n' -I{} sh -c '{}' <<'END'\n${script}\nEND`,
  ]);
  if (readdirSync(join(target, "0")).length === 0) throw new Error("The bare tools unpacked nothing");
  rmSync(target, { recursive: true });
  return time;
}

function repositoryOf(layer: BenchLayer | undefined): string {
  return layers.first.some(({ digest }) => digest === layer?.digest) ? "first" : "second";
}

async function skopeo(registry: BenchRegistry): Promise<number> {
  const target = join(scratch, "layout");
  rmSync(target, { recursive: true, force: true });
  return await timeCommand([
    ...["skopeo", "copy", "--insecure-policy", "--src-tls-verify=false", "-q"],
    ...[`docker://${registry.host}/first:latest`, `oci:${target}:first`],
  ]);
}

function report(results: readonly Result[]): void {
  const milliseconds = (value: number): string => `${Math.round(value)} ms`;
  const [ours] = results;
  table([
    ["", "median", "fastest", "slowest", "ours / theirs"],
    ...results.map((result) => [
      result.name,
      milliseconds(result.median),
      milliseconds(result.fastest),
      milliseconds(result.slowest),
      ours && result !== ours ? ratio(ours, result).toFixed(2) : "",
    ]),
  ]);
}

function dockerName(peer: DockerPeer): string {
  const version = Bun.spawnSync(peer.command(["version", "-f", "{{.Server.Version}}"]))
    .stdout.toString()
    .trim();
  return `Docker ${version}`;
}
