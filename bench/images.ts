import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { heading, line, table } from "../scripts/show.ts";
import { type BenchLayer, type BenchLayers, benchLayers } from "./bench-image.ts";
import { BenchRegistry } from "./bench-registry.ts";
import { BenchSide, type SideKind } from "./bench-side.ts";
import { type Contender, interleave, type Result, ratio, timeCommand } from "./measure.ts";
import { peakMemory } from "./peak-memory.ts";

const usage = `npm run bench:images -- [--rounds N] [--minutes N] [--layers DIR] [--no-docker]
  --rounds N     how often each is measured (default 3)
  --minutes N    when to stop and clean up, whatever is left to measure (default 9)
  --layers DIR   where 1.tar.gz to 7.tar.gz are or are made (default build/bench-image)
  --no-docker    without dockerd (apt-get install docker.io)
Needs docker-registry, curl and, to make the layers once, mmdebstrap; with skopeo it is measured too.
`;

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    rounds: { type: "string", default: "3" },
    minutes: { type: "string", default: "9" },
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
/** Ends the bench between two measurements, with everything cleaned up. */
const stop = new AbortController();
const outOfTime = setTimeout(() => stop.abort(new Error("the time is up")), Number(values.minutes) * 60_000);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stop.abort(new Error(signal)));
const layers = await benchLayers(values.layers);
const scratch = mkdtempSync(join(tmpdir(), "gantry-bench-images-"));
const kinds: readonly SideKind[] = values["no-docker"] ? ["gantry"] : ["gantry", "docker"];
try {
  await using registry = await BenchRegistry.start(scratch);
  await registry.offer("first", layers.first);
  await registry.offer("second", layers.second);
  describeImage(layers);
  await measurePull(registry);
  const sides: BenchSide[] = [];
  try {
    for (const kind of kinds) sides.push(await BenchSide.start(kind, scratch));
    await measureSharedPull(sides, registry);
    await measurePush(sides);
    await measureSave(sides);
  } finally {
    for (const side of sides) await side[Symbol.asyncDispose]();
  }
  await measureLoad();
} catch (error) {
  if (!stop.signal.aborted) throw error;
  line(`\nstopped: ${String(error)}`);
  process.exitCode = 1;
} finally {
  clearTimeout(outOfTime);
  rmSync(scratch, { recursive: true, force: true });
}

/** As `interleave`, until the bench is to stop. */
async function inTurn(contenders: readonly Contender[], times: number): Promise<Result[]> {
  const guarded = contenders.map(({ name, once }) => ({
    name,
    once: async () => {
      stop.signal.throwIfAborted();
      return await once();
    },
  }));
  return await interleave(guarded, times);
}

function describeImage({ first }: BenchLayers): void {
  const total = (of: (layer: BenchLayer) => number): string =>
    `${Math.round(first.reduce((sum, layer) => sum + of(layer), 0) / 1e6)} MB`;
  line(
    `image: ${first.length} layers, ${total(({ size }) => size)} packed, ${total((one) => one.unpacked)} plain`,
  );
}

/**
 * Measures on an engine that has nothing yet, a new one each round. They are removed when all rounds are over: a file
 * system that has just lost many files is slow to make new ones, and nobody pulls onto such a one.
 */
async function measureFresh(
  once: (side: BenchSide) => Promise<number>,
  others: readonly Contender[],
): Promise<void> {
  const used: BenchSide[] = [];
  try {
    const contenders = kinds.map(
      (kind): Contender => ({
        name: BenchSide.nameOf(kind),
        async once() {
          const side = await BenchSide.start(kind, scratch);
          used.push(side);
          return await once(side);
        },
      }),
    );
    report(await inTurn([...contenders, ...others], rounds));
  } finally {
    for (const side of used) await side[Symbol.asyncDispose]();
    for (const name of readdirSync(scratch)) {
      if (name.startsWith("bare-")) rmSync(join(scratch, name), { recursive: true });
    }
  }
}

/** From an empty store to an image that can be run. */
async function measurePull(registry: BenchRegistry): Promise<void> {
  heading("pull into an empty store");
  const peaks: number[] = [];
  const bare: Contender[] = [
    { name: "curl | gunzip | tar, two at a time", once: () => bareTools(registry, layers.first) },
  ];
  if (Bun.which("skopeo") !== null) {
    bare.push({ name: "skopeo copy to an OCI layout (not unpacked)", once: () => skopeo(registry) });
  }
  await measureFresh(async (side) => {
    const memory = side.enginePid === undefined ? undefined : peakMemory(side.enginePid);
    const time = await timeCommand(side.command(["pull", "-q", `${side.host}/first:latest`]));
    if (memory) peaks.push(memory.end());
    return time;
  }, bare);
  line(`  peak memory of the engine and its helpers: ${Math.round(Math.max(...peaks) / 1024)} MiB (PSS)`);
}

/** The second image with the first one here: one layer of six is missing. */
async function measureSharedPull(sides: readonly BenchSide[], registry: BenchRegistry): Promise<void> {
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
  report(await inTurn(contenders, rounds));
}

async function measurePush(sides: readonly BenchSide[]): Promise<void> {
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
  report(await inTurn(contenders, rounds));
  heading("push to a registry that has all of it");
  report(await inTurn(again, Math.max(rounds, 5)));
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

async function pushTo(side: BenchSide, registry: BenchRegistry): Promise<number> {
  const target = `${registry.host}/first:latest`;
  await timeCommand(side.command(["tag", `${side.host}/first:latest`, target]));
  const time = await timeCommand(side.command(["push", "-q", target]));
  await timeCommand(side.command(["rmi", target]));
  return time;
}

async function pushAgain(side: BenchSide): Promise<number> {
  return await timeCommand(side.command(["push", "-q", `${side.host}/first:latest`]));
}

async function measureSave(sides: readonly BenchSide[]): Promise<void> {
  heading("save");
  const contenders = sides.map(
    (side): Contender => ({
      name: side.name,
      once: () => timeCommand(side.command(["save", "-o", archiveOf(side), `${side.host}/first:latest`])),
    }),
  );
  report(await inTurn(contenders, rounds));
}

/** What each has saved itself. */
async function measureLoad(): Promise<void> {
  heading("load into an empty store");
  await measureFresh((side) => timeCommand(side.command(["load", "-q", "-i", archiveOf(side)])), []);
}

function archiveOf({ kind }: BenchSide): string {
  return join(scratch, `${kind}.tar`);
}

async function removeImages(side: BenchSide, repository?: string): Promise<void> {
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
