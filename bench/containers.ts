import { join } from "node:path";
import { heading, table } from "../scripts/show.ts";
import { repository } from "../scripts/suites.ts";
import { BareCrun } from "./bare-crun.ts";
import { interleave, type Result, ratio, runCommand, timeCommand } from "./measure.ts";
import { dockers, type Figure, milliseconds, type Setting } from "./setting.ts";

const burst = { containers: 50, at: 8, rounds: 3 };

/** Runs, execs and a burst of containers, through one docker command line. */
export async function benchmarkContainers(setting: Setting): Promise<Figure[]> {
  const run = ["run", "--rm", "busybox", "true"];
  const alone = ["run", "--rm", "--network", "none", "busybox", "true"];
  for (const { command } of dockers(setting)) {
    await runCommand([...command, "run", "-d", "--name", "idle", "busybox", "sleep", "100000"]);
  }
  return [
    ...(await comparison(setting, "docker run --rm true, on the bridge", run, 1 / 6)),
    ...(await comparison(setting, "docker run --rm --network none true", alone, 1 / 6)),
    ...(await comparison(setting, "docker exec true", ["exec", "idle", "true"], 1 / 2)),
    ...(await benchmarkBurst(setting)),
    ...(await benchmarkAgainstBareRuntime(setting)),
  ];
}

async function comparison(
  setting: Setting,
  what: string,
  words: readonly string[],
  limit: number,
): Promise<Figure[]> {
  heading(what);
  const results = await interleave(
    dockers(setting).map(({ name, command }) => ({ name, once: () => timeCommand([...command, ...words]) })),
    setting.rounds,
  );
  report(results);
  return compare(what, results, limit);
}

async function benchmarkBurst(setting: Setting): Promise<Figure[]> {
  const what = `${burst.containers} containers, ${burst.at} at a time, started and removed`;
  heading(what);
  const contenders = dockers(setting).map(({ name, command }) => ({ name, once: () => burstOnce(command) }));
  const results = await interleave(contenders, burst.rounds);
  report(results);
  return compare(what, results, 1 / 6);
}

/** Each is started, waited for as running, and removed. */
async function burstOnce(command: readonly string[]): Promise<number> {
  const started = performance.now();
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let number = next++; number < burst.containers; number = next++) {
      const name = `burst-${number}`;
      await runCommand([...command, "run", "-d", "--name", name, "busybox", "sleep", "1000"]);
      await runCommand([...command, "rm", "-f", name]);
    }
  };
  await Promise.all(Array.from({ length: burst.at }, worker));
  return performance.now() - started;
}

/** `gantry run` next to `crun run` of the same bundle. */
async function benchmarkAgainstBareRuntime({ engine, rounds }: Setting): Promise<Figure[]> {
  const what = "gantry run --rm true, next to a bare crun run of the same bundle";
  heading(what);
  await using bare = await BareCrun.prepare(engine);
  const gantry = [join(repository, "bin/gantry"), "run", "--rm", "busybox", "true"];
  const env = { GANTRY_HOST: `unix://${engine.socket}` };
  const results = await interleave(
    [
      { name: "gantry run", once: () => timeCommand(gantry, env) },
      { name: "crun run", once: () => bare.once() },
    ],
    rounds,
  );
  report(results);
  return compare(what, results, 4);
}

export function report(results: readonly Result[]): void {
  table([
    ["", "median", "fastest", "slowest", "rounds"],
    ...results.map(({ name, median, fastest, slowest, times }) => [
      name,
      milliseconds(median),
      milliseconds(fastest),
      milliseconds(slowest),
      String(times.length),
    ]),
  ]);
}

/** The first of two results as a share of the second. */
export function compare(what: string, [first, second]: readonly Result[], limit: number): Figure[] {
  if (!first || !second) return [];
  const share = ratio(first, second);
  return [
    {
      what,
      value: `${share.toFixed(2)} × ${second.name}`,
      limit: `≤ ${limit < 1 ? limit.toFixed(2) : limit}`,
      met: share <= limit,
    },
  ];
}
