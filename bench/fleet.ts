import { join } from "node:path";
import { parseArgs } from "node:util";
import { heading, line, table } from "../scripts/show.ts";
import { Api } from "../test/e2e/api.ts";
import { gantryProgram, startEngine } from "../test/e2e/harness.ts";
import { DockerPeer } from "./docker-peer.ts";
import { type Contender, interleave, median, type Result, ratio, timeCommand } from "./measure.ts";

/*
 * Many containers: what lists and looks cost with a thousand of them, how soon an engine that finds fifty running ones
 * answers, and how soon an event is heard.
 */

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    rounds: { type: "string", default: "15" },
    containers: { type: "string", default: "1000" },
    "compare-docker": { type: "boolean", default: false },
  },
});
const rounds = Number(values.rounds);
const many = Number(values.containers);
const running = 50;
/** The newest API version of the Docker that Debian 12 has. */
const oldest = "1.41";

await using engine = await startEngine();
const api = new Api(engine.socket);
await benchmarkStart();
if (values["compare-docker"]) {
  await using peer = await DockerPeer.start();
  const archive = join(engine.directory, "busybox.tar");
  await engine.ok(["save", "-o", archive, "busybox"]);
  await timeCommand(peer.command(["load", "-i", archive]));
  await benchmarkLists(peer.socket);
  await benchmarkEvents(peer.socket);
} else {
  await benchmarkLists();
  await benchmarkEvents();
}

/** From the spawn of the engine to a full answer to `GET /containers/json`. */
async function benchmarkStart(): Promise<void> {
  heading(`an engine that finds ${running} running containers, from its spawn to the list of them`);
  for (let number = 0; number < running; number++) {
    await engine.ok(["run", "-d", "--name", `running${number}`, "busybox", "sleep", "100000"]);
  }
  const once = async (): Promise<number> => {
    await engine.kill9();
    const begin = performance.now();
    const starting = engine.start();
    while ((await api.ask("GET", "/containers/json"))?.body.length !== running) await Bun.sleep(2);
    const took = performance.now() - begin;
    await starting;
    return took;
  };
  report(await interleave([{ name: "Gantry", once }], rounds));
  await engine.ok(["rm", "-f", ...(await engine.ok(["ps", "-aq"])).split("\n")]);
}

/** Lists and looks, by the docker command line, by ours, and without any. */
async function benchmarkLists(docker?: string): Promise<void> {
  const sides = [
    { name: "Gantry", socket: engine.socket },
    ...(docker ? [{ name: "Docker", socket: docker }] : []),
  ];
  for (const { socket } of sides) await fill(new Api(socket, oldest));
  const own: Contender = {
    name: "gantry ps -a",
    once: () => timeCommand([gantryProgram, "ps", "-a"], { GANTRY_HOST: `unix://${engine.socket}` }),
  };
  const byDocker = sides.map(
    ({ name, socket }): Contender => ({
      name: `docker ps -a, ${name}`,
      once: () => timeCommand(["docker", "-H", `unix://${socket}`, "ps", "-a"]),
    }),
  );
  const raw = (path: string) =>
    sides.map(({ name, socket }): Contender => {
      const client = new Api(socket, oldest);
      return { name: `GET ${path}, ${name}`, once: () => timed(() => client.ok("GET", path)) };
    });
  heading(`ps -a with ${many} containers`);
  const lists = await interleave([...byDocker, own], rounds);
  report(lists);
  compare(lists);
  heading(`the API with ${many} containers`);
  report(await interleave([...raw("/containers/json?all=1"), ...raw("/containers/made500/json")], rounds));
}

async function fill(client: Api): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < many) {
      const name = `made${next++}`;
      await client.ok("POST", `/containers/create?name=${name}`, {
        Image: "busybox",
        Cmd: ["sleep", "1000"],
      });
    }
  };
  await Promise.all([lane(), lane(), lane(), lane()]);
}

/** From an event's own time to its arrival at a listener. */
async function benchmarkEvents(docker?: string): Promise<void> {
  heading("an event, from its time to its arrival");
  const rows = [await eventDelays(engine.socket), ...(docker ? [await eventDelays(docker)] : [])];
  table([
    ["", "median", "slowest"],
    ...rows.map((delays, at) => [
      at === 0 ? "Gantry" : "Docker",
      `${median(delays).toFixed(2)} ms`,
      `${Math.max(...delays).toFixed(2)} ms`,
    ]),
  ]);
}

async function eventDelays(socket: string): Promise<number[]> {
  const client = new Api(socket, oldest);
  const stop = new AbortController();
  const response = await fetch(`http://engine/v${oldest}/events`, { unix: socket, signal: stop.signal });
  if (!response.body) throw new Error("No events");
  const reader = response.body.getReader();
  const delays: number[] = [];
  for (let round = 0; round < rounds * 2; round++) {
    const asked = client.ok("POST", `/containers/made1/rename?name=made1x${round}`);
    const { value } = await reader.read();
    const arrived = (performance.timeOrigin + performance.now()) * 1e6;
    const nanoseconds = /"timeNano":(\d+)/.exec(new TextDecoder().decode(value))?.[1];
    delays.push((arrived - Number(nanoseconds)) / 1e6);
    await asked;
    await client.ok("POST", `/containers/made1x${round}/rename?name=made1`);
    await reader.read();
  }
  stop.abort();
  return delays.slice(2);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

function report(results: readonly Result[]): void {
  table([
    ["", "median", "fastest", "slowest"],
    ...results.map(({ name, ...one }) => [
      name,
      ...[one.median, one.fastest, one.slowest].map((value) => `${value.toFixed(1)} ms`),
    ]),
  ]);
}

function compare([first, second]: readonly Result[]): void {
  if (!first || second?.name !== "docker ps -a, Docker") return;
  line(`    with Gantry it takes ${ratio(first, second).toFixed(2)} times what it takes with Docker`);
}
