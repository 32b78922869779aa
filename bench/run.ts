import { join } from "node:path";
import { parseArgs } from "node:util";
import { heading, line, table } from "../scripts/show.ts";
import { ThrowawayEngine } from "../scripts/throwaway.ts";
import { benchmarkContainers } from "./containers.ts";
import { DockerPeer } from "./docker-peer.ts";
import { benchmarkLogs } from "./logs.ts";
import { runCommand } from "./measure.ts";
import type { Figure, Setting } from "./setting.ts";
import { weigh } from "./weigh.ts";

const usage = `npm run bench -- [--rounds N] [--no-docker] [--only containers|logs|memory]
  --rounds N    how often runs are measured (default 15)
  --no-docker   ours alone, although dockerd is installed (apt-get install docker.io)
  --only PART   one part of it
`;

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    rounds: { type: "string", default: "15" },
    "no-docker": { type: "boolean", default: false },
    only: { type: "string" },
    help: { type: "boolean", short: "h", default: false },
  },
});
if (values.help) {
  process.stdout.write(usage);
  process.exit(0);
}
const parts: Readonly<Record<string, (setting: Setting) => Promise<Figure[]>>> = {
  memory: weigh,
  containers: benchmarkContainers,
  logs: benchmarkLogs,
};
const withDocker = !values["no-docker"] && Bun.which("dockerd") !== null;
const engine = await ThrowawayEngine.start();
try {
  await engine.ok(["image", "bootstrap", "busybox"]);
  await using peer = withDocker ? await startPeer() : undefined;
  if (!peer) line("Docker is left out: no dockerd (apt-get install docker.io), or --no-docker");
  const figures: Figure[] = [];
  for (const [name, part] of Object.entries(parts)) {
    if (values.only !== undefined && values.only !== name) continue;
    figures.push(...(await part({ engine, peer, rounds: Number(values.rounds) })));
  }
  summarise(figures);
} finally {
  const left = await engine.remove();
  if (left.length > 0) line(`Left behind:\n${left.join("\n")}`);
}

/** Docker's engine with the same image. */
async function startPeer(): Promise<DockerPeer> {
  const peer = await DockerPeer.start();
  try {
    const archive = join(engine.directory, "busybox.tar");
    await engine.ok(["save", "-o", archive, "busybox"]);
    await runCommand(peer.command(["load", "-i", archive]));
    const version = await runCommand(peer.command(["version", "-f", "{{.Server.Version}}"]));
    line(`Docker ${version.trim()}`);
    return peer;
  } catch (error) {
    await peer[Symbol.asyncDispose]();
    throw error;
  }
}

function summarise(figures: readonly Figure[]): void {
  heading("all figures, and what they are to be");
  table([
    ["", "measured", "wanted", ""],
    ...figures.map(({ what, value, limit, met }) => [what, value, limit, met ? "✔" : "✘"]),
  ]);
}
