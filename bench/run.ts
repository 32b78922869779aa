import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { memoryOf, processesWith } from "../scripts/machine.ts";
import { heading, line, table } from "../scripts/show.ts";
import { repository } from "../scripts/suites.ts";
import { ThrowawayEngine } from "../scripts/throwaway.ts";
import { BareCrun } from "./bare-crun.ts";
import { DockerPeer } from "./docker-peer.ts";
import { type Contender, interleave, type Result, ratio, timeCommand } from "./measure.ts";

const usage = `npm run bench -- [--rounds N] [--compare-docker]
  --rounds N         how often each is measured (default 15)
  --compare-docker   also the machine's dockerd (apt-get install docker.io)
`;

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    rounds: { type: "string", default: "15" },
    "compare-docker": { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});
if (values.help) {
  process.stdout.write(usage);
  process.exit(0);
}
const rounds = Number(values.rounds);
const engine = await ThrowawayEngine.start();
try {
  await engine.ok(["image", "bootstrap", "busybox"]);
  await benchmarkRun();
  await benchmarkAgainstBareRuntime();
  await weigh();
} finally {
  const left = await engine.remove();
  if (left.length > 0) line(`Left behind:\n${left.join("\n")}`);
}

/** `docker run --rm busybox true` on the default bridge, through one docker command line. */
async function benchmarkRun(): Promise<void> {
  heading("docker run --rm busybox true, on the default bridge");
  const docker = (socket: string): string[] => [
    "docker",
    "-H",
    `unix://${socket}`,
    "run",
    "--rm",
    "busybox",
    "true",
  ];
  const contenders: Contender[] = [{ name: "Gantry", once: () => timeCommand(docker(engine.socket)) }];
  if (!values["compare-docker"]) {
    report(await interleave(contenders, rounds));
    return;
  }
  await using peer = await DockerPeer.start();
  const archive = join(engine.directory, "busybox.tar");
  await engine.ok(["save", "-o", archive, "busybox"]);
  await timeCommand(peer.command(["load", "-i", archive]));
  const version = Bun.spawnSync(peer.command(["version", "-f", "{{.Server.Version}}"]))
    .stdout.toString()
    .trim();
  contenders.push({ name: `Docker ${version}`, once: () => timeCommand(docker(peer.socket)) });
  const results = await interleave(contenders, rounds);
  report(results);
  compare(results);
}

/** `gantry run` next to `crun run` of the same bundle. */
async function benchmarkAgainstBareRuntime(): Promise<void> {
  heading("gantry run --rm busybox true, next to a bare crun run of the same bundle");
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
  compare(results);
}

/** What the idle engine and idle containers hold. */
async function weigh(): Promise<void> {
  heading("resident memory");
  const count = 10;
  const before = resident(engine.pid);
  for (let container = 0; container < count; container++) {
    await engine.ok(["run", "-d", "busybox", "sleep", "1000"]);
  }
  const shims = processesWith("gantry-shim").filter(({ command }) => command.includes(engine.directory));
  const rss = shims.map(({ pid }) => resident(pid));
  const pss = shims.map(({ pid }) => memoryOf(pid) ?? 0);
  const mean = (numbers: readonly number[]): number =>
    numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
  const growth = (resident(engine.pid) - before) / count;
  table([
    ["engine, idle", mebibytes(before)],
    [`engine, ${count} containers more`, mebibytes(resident(engine.pid))],
    ["shim (RSS)", mebibytes(mean(rss))],
    ["shim (PSS)", mebibytes(mean(pss))],
    ["a container costs (shim RSS + growth)", mebibytes(mean(rss) + growth)],
  ]);
}

function resident(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
}

function mebibytes(kibibytes: number): string {
  return `${(kibibytes / 1024).toFixed(1)} MiB`;
}

function report(results: readonly Result[]): void {
  const milliseconds = (value: number): string => `${value.toFixed(1)} ms`;
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

function compare([first, second]: readonly Result[]): void {
  if (first === undefined || second === undefined) return;
  line(
    `    ${first.name} takes ${ratio(first, second).toFixed(2)} times what ${second.name} takes (median of the rounds' ratios)`,
  );
}
