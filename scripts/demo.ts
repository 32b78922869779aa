import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { leftovers, memoryOf, observeMachine } from "./machine.ts";
import { bold, command, dim, green, heading, line, output, red, size, span, table } from "./show.ts";
import { repository } from "./suites.ts";
import { ThrowawayEngine } from "./throwaway.ts";

const usage = `npm run demo                       show everything, then leave the machine as it was
npm run demo -- --keep             leave the application running
npm run demo -- --stop DIRECTORY   end an application that was left running
`;

/** An image as `gantry inspect` tells it, as far as the demonstration needs it. */
interface ImageFacts {
  readonly RootFS: { readonly Layers: readonly string[] };
}

interface ContainerFacts {
  readonly Id: string;
  readonly Name: string;
  readonly Config: { readonly Hostname: string };
}

interface Guestbook {
  readonly engine: ThrowawayEngine;
  readonly directory: string;
  readonly port: number;
}

const services = ["web", "store"] as const;
const layerNames = ["base system", "runtime", "application"];

/** Lines that only say what is about to be, and a build's intermediate images. */
const inBetween =
  / (Building|Creating|Recreate|Starting|Stopping|Removing|Waiting)$|^(\S+ \| )? ---> [0-9a-f]{12}$/;

await main();

async function main(): Promise<void> {
  const { values } = parseArgs({
    args: process.argv.slice(2),
    options: { keep: { type: "boolean" }, stop: { type: "string" }, help: { type: "boolean", short: "h" } },
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  if (values.stop !== undefined) {
    await takeDown(ThrowawayEngine.open(values.stop));
    return;
  }
  const started = performance.now();
  const engine = await startEngine();
  let interrupted: Promise<never> | undefined;
  const interrupt = (): void => {
    interrupted ??= giveUp(engine);
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  try {
    const guestbook = await buildAndStart(engine);
    await visit(guestbook);
    await changeAndRenew(guestbook);
    if (values.keep) {
      tellHowToStop(guestbook);
      return;
    }
  } catch (error) {
    if (interrupted !== undefined) await interrupted;
    line(red(`\nThe demonstration failed: ${error instanceof Error ? error.message : String(error)}`));
    await engine.remove();
    process.exit(1);
  }
  await takeDown(engine);
  line(`\n${dim(`All of it took ${span(performance.now() - started)}.`)}`);
}

async function startEngine(): Promise<ThrowawayEngine> {
  heading("1  An engine of its own");
  const begun = performance.now();
  const engine = await ThrowawayEngine.start();
  const memory = (memoryOf(engine.pid) ?? 0) * 1024;
  table([
    ["directory", engine.directory],
    ["network prefix", engine.prefix],
    ["ready after", span(performance.now() - begun)],
    ["memory", size(memory)],
  ]);
  return engine;
}

async function buildAndStart(engine: ThrowawayEngine): Promise<Guestbook> {
  const directory = engine.copyExample("guestbook");
  const guestbook = { engine, directory, port: freePort() };
  heading("2  The base image: this machine's static busybox, no registry needed");
  await show(engine, ["image", "bootstrap", "busybox"]);

  heading("3  The runtime image: Bun and the C library files that it needs, on top of it");
  const collect = Bun.spawnSync(
    ["sh", "runtime/collect.sh", join(repository, "node_modules/bun/bin/bun.exe")],
    { cwd: directory },
  );
  if (!collect.success) throw new Error(`The runtime's files could not be gathered:\n${collect.stderr}`);
  await show(engine, ["build", "-t", "bun-runtime", "runtime"], { cwd: directory });

  heading("4  The application: three replicas of web, one store, built and brought up by Compose");
  const took = await composeUp(guestbook);
  line(dim("\n    Each image is a stack of layers; what two images have in common is there once:\n"));
  await show(engine, ["image", "tree"]);
  heading("5  How long each container took to start");
  showStarts(took);
  return guestbook;
}

async function visit(guestbook: Guestbook): Promise<void> {
  heading(`6  One published port, three replicas: http://127.0.0.1:${guestbook.port}`);
  await firstAnswer(guestbook);
  await write(guestbook, "the demo", "Written before the update");
  await showReplicas(guestbook);
  line(`    the message is there: ${await showMessage(guestbook)}`);
}

async function changeAndRenew(guestbook: Guestbook): Promise<void> {
  heading("7  One source file changes: web/page.ts");
  const file = join(guestbook.directory, "web/page.ts");
  const source = readFileSync(file, "utf8");
  const changed = source.replace('const title = "Guestbook";', 'const title = "Guestbook, second edition";');
  if (changed === source) throw new Error("The line to change is not in web/page.ts");
  writeFileSync(file, changed);
  output('- const title = "Guestbook";\n+ const title = "Guestbook, second edition";');
  const before = await observeProject(guestbook);
  const took = await composeUp(guestbook);
  const after = await observeProject(guestbook);

  heading("8  What was shared and what was rebuilt");
  for (const service of services) {
    table(
      after.layers[service].map((layer, index) => [
        index === 0 ? bold(`guestbook-${service}`) : " ".repeat(`guestbook-${service}`.length),
        (layerNames[index] ?? "").padEnd(11),
        layer.slice(7, 19),
        before.layers[service].includes(layer) ? dim("shared") : green("rebuilt"),
      ]),
    );
  }
  line();
  table(
    after.containers.map(({ Name, Id }) => [
      Name.slice(1),
      Id.slice(0, 12),
      before.containers.some((old) => old.Id === Id)
        ? dim("kept running")
        : green(`replaced, started in ${span(took.get(Name.slice(1)) ?? Number.NaN)}`),
    ]),
  );

  heading("9  The new page from the replicas, the old message from the volume");
  const title = /<h1>(.*)<\/h1>/.exec(await (await fetch(`http://127.0.0.1:${guestbook.port}/`)).text())?.[1];
  if (title !== "Guestbook, second edition") throw new Error(`The page still says ${title}`);
  line(`    the page now says: ${bold(title)}`);
  line(`    the message survived: ${await showMessage(guestbook)}`);
  await showReplicas(guestbook);

  heading("10  What the writable layers hold");
  await showWritableLayers(guestbook, after.containers);
}

/** Each container's own changes: paths that its writable layer adds, changes or deletes. */
async function showWritableLayers(
  { engine }: Guestbook,
  containers: readonly ContainerFacts[],
): Promise<void> {
  const rows: string[][] = [];
  for (const { Name, Id } of containers) {
    const changes = (await engine.ok(["diff", Id])).trim().split("\n");
    const files = changes.filter((change) => !change.startsWith("C ") && change !== "");
    const held = (await engine.ok(["ps", "-s", "--filter", `id=${Id}`, "--format", "{{.Size}}"])).trim();
    rows.push([Name.slice(1), held, files.join(", ") || dim("nothing")]);
  }
  table(rows);
  line(dim("\n    the database is in none of them: it is on the volume guestbook_messages"));
}

async function takeDown(engine: ThrowawayEngine): Promise<void> {
  heading("11  Everything is taken down");
  const during = observeMachine();
  await show(engine, ["compose", "-p", "guestbook", "down", "-v"]);
  const left = await engine.remove();
  const after = observeMachine();
  const row = (what: string, pick: (machine: typeof after) => readonly string[]): string[] => [
    what,
    ...[engine.before, during, after].map((machine) => String(pick(machine).length)),
  ];
  line(dim("\n    the machine before the demonstration, during it, and now:\n"));
  table([
    ["", "before", "during", "now"],
    row("mounts", (machine) => machine.mounts),
    row("network links", (machine) => machine.links),
    row("nftables tables", (machine) => machine.tables),
    row("cgroups", (machine) => machine.cgroups),
    row("processes", (machine) => machine.processes),
    ["ip_forward", engine.before.ipForward, during.ipForward, after.ipForward],
  ]);
  if (left.length > 0 || after.ipForward !== engine.before.ipForward) {
    line(red(`\n    Left behind:\n    ${[...left, ...leftovers(engine.before, after)].join("\n    ")}`));
    process.exitCode = 1;
    return;
  }
  line(`\n    ${green("Nothing of it is left.")}`);
}

function tellHowToStop({ engine, port }: Guestbook): void {
  heading("The application is left running");
  table([
    ["open", bold(`http://127.0.0.1:${port}`)],
    ["look at it", `GANTRY_HOST=unix://${engine.socket} ${join(repository, "bin/gantry")} ps`],
    ["or", `docker -H unix://${engine.socket} ps`],
    ["end it", bold(`npm run demo -- --stop ${engine.directory}`)],
  ]);
}

/** A user's ctrl-c: nothing is left behind then either. */
async function giveUp(engine: ThrowawayEngine): Promise<never> {
  line(dim("\nInterrupted: taking everything down"));
  await engine.remove();
  process.exit(130);
}

interface ShowOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly onLine?: (text: string) => void;
}

/** Runs a command in sight of the user. */
async function show(
  engine: ThrowawayEngine,
  words: readonly string[],
  options: ShowOptions = {},
): Promise<void> {
  command(words);
  const { code, milliseconds } = await engine.run(words, {
    ...options,
    onLine: (text) => {
      if (!inBetween.test(text)) output(text);
      options.onLine?.(text);
    },
  });
  if (code !== 0) throw new Error(`gantry ${words.join(" ")} ended with ${code}`);
  line(dim(`    took ${span(milliseconds)}`));
}

/** Brings the project up; gives how long each container took to start, as Compose saw it. */
async function composeUp({ engine, directory, port }: Guestbook): Promise<ReadonlyMap<string, number>> {
  const begun = new Map<string, number>();
  const took = new Map<string, number>();
  await show(engine, ["compose", "up", "-d", "--build"], {
    cwd: directory,
    env: { GUESTBOOK_PORT: String(port) },
    onLine: (text) => {
      const [subject, status] = text.trim().split(/\s+/);
      const name = subject === "Container" ? text.trim().split(/\s+/)[1] : subject;
      if (name === undefined || status === undefined) return;
      if (text.endsWith("Starting")) begun.set(name, performance.now());
      const start = begun.get(name);
      if (text.endsWith("Started") && start !== undefined) took.set(name, performance.now() - start);
    },
  });
  return took;
}

async function inspectContainers({ engine }: Guestbook): Promise<ContainerFacts[]> {
  const ids = (await engine.ok(["ps", "-q", "--filter", "label=com.docker.compose.project=guestbook"]))
    .trim()
    .split("\n");
  const facts: ContainerFacts[] = JSON.parse(await engine.ok(["inspect", ...ids]));
  return facts.sort((one, other) => (one.Name < other.Name ? -1 : 1));
}

async function layersOf({ engine }: Guestbook, image: string): Promise<readonly string[]> {
  const facts: ImageFacts[] = JSON.parse(await engine.ok(["image", "inspect", image]));
  return facts[0]?.RootFS.Layers ?? [];
}

async function observeProject(guestbook: Guestbook) {
  return {
    containers: await inspectContainers(guestbook),
    layers: {
      web: await layersOf(guestbook, "guestbook-web"),
      store: await layersOf(guestbook, "guestbook-store"),
    },
  };
}

function showStarts(took: ReadonlyMap<string, number>): void {
  if (took.size === 0) throw new Error("Compose did not tell when containers started");
  table([...took].sort().map(([name, milliseconds]) => [name, span(milliseconds)]));
}

/** Waits until the application serves: its containers have started, its servers come up. */
async function firstAnswer({ port }: Guestbook): Promise<void> {
  const deadline = Date.now() + 15_000;
  for (;;) {
    try {
      await fetch(`http://127.0.0.1:${port}/health`, { keepalive: false });
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await Bun.sleep(20);
    }
  }
}

async function write({ port }: Guestbook, author: string, text: string): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/api/messages`, {
    method: "POST",
    body: JSON.stringify({ author, text }),
  });
  if (response.status !== 201)
    throw new Error(`Writing a message was answered with ${response.status}: ${await response.text()}`);
}

async function showMessage({ port }: Guestbook): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/api/messages`);
  const { messages }: { messages: { author: string; text: string }[] } = JSON.parse(await response.text());
  const message = messages[0];
  if (message?.text !== "Written before the update") throw new Error("The message is lost");
  return bold(`"${message.text}", ${message.author}`);
}

/** Asks until every replica has answered, at most sixty times, and shows how often each did. */
async function showReplicas(guestbook: Guestbook): Promise<void> {
  const containers = (await inspectContainers(guestbook)).filter(({ Name }) => Name.includes("-web-"));
  const answers = new Map<string, number>();
  let requests = 0;
  while ((requests < 30 || answers.size < containers.length) && requests < 60) {
    const response = await fetch(`http://127.0.0.1:${guestbook.port}/api/messages`, { keepalive: false });
    const replica = response.headers.get("x-replica") ?? "";
    answers.set(replica, (answers.get(replica) ?? 0) + 1);
    requests++;
  }
  line(`    ${requests} requests were answered by`);
  table(
    containers.map(({ Name, Config }) => {
      const count = answers.get(Config.Hostname) ?? 0;
      return [Name.slice(1), `replica ${Config.Hostname}`, String(count).padStart(3), "█".repeat(count)];
    }),
  );
  if (answers.size !== containers.length) throw new Error("Not every replica answered");
}

function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}
