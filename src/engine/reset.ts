import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, rmdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { codeOf, createLogger, EngineError, type Logger, messageOf } from "../base/index.ts";
import { openNetworkService } from "../network/index.ts";
import { openRecords } from "../records/index.ts";
import { openRuntime } from "../runtime/index.ts";
import { releaseLimits } from "../snapshot/index.ts";
import { hasCode, lockFile, removeTree } from "../sys/index.ts";
import { absolutePath, parseWords } from "./arguments.ts";
import { readIdentity } from "./identity.ts";
import {
  cgroupParent,
  checkPrefix,
  defaultPrefix,
  defaultRoot,
  defaultRunDirectory,
  placesOf,
} from "./options.ts";

/** What is to be wiped; what is left out is read from the root, which remembers it. */
export interface ResetTarget {
  readonly root: string;
  readonly runDirectory?: string | undefined;
  readonly prefix?: string | undefined;
}

const usage = `Usage: gantry system reset [options]

Ends the engine and its containers and removes everything of theirs: images, containers, volumes, networks.

  --root DIR              default ${defaultRoot}
  --run-dir DIR           default: what the root remembers
  --network-prefix NAME   default: what the root remembers
`;

/** Runs `gantry system reset`; resolves to the exit code. */
export async function runReset(argv: readonly string[]): Promise<number> {
  try {
    const words = parseWords(argv, ["root", "run-dir", "network-prefix"], ["help"]);
    if (words.has("help")) {
      process.stdout.write(usage);
      return 0;
    }
    const runDirectory = words.get("run-dir")?.at(-1);
    await resetSystem(
      {
        root: absolutePath("root", words.get("root")?.at(-1) ?? defaultRoot),
        runDirectory: runDirectory === undefined ? undefined : absolutePath("run-dir", runDirectory),
        prefix: words.get("network-prefix")?.at(-1),
      },
      createLogger((line) => void process.stderr.write(line), "warn"),
    );
    return 0;
  } catch (error) {
    process.stderr.write(`gantry: ${messageOf(error)}\n`);
    return 1;
  }
}

/**
 * Ends the engine of a root and all that it runs, and removes every process, cgroup, namespace, link, firewall
 * table and file of it. Needs no readable records; what is gone already is a success.
 */
export async function resetSystem(target: ResetTarget, log: Logger): Promise<void> {
  const place = await locate(target);
  if (!place) return;
  const { root, runDirectory, prefix } = place;
  checkPrefix(prefix);
  const places = placesOf(place);
  const lock = existsSync(root) ? await endEngine(places.lock, places.pid) : undefined;
  const runtime = await openRuntime({
    shim: join(import.meta.dir, "../../build/gantry-shim"),
    runDirectory,
    cgroupParent: cgroupParent(prefix),
    log,
  });
  await runtime.sweep(places.tasks, new Set());
  await runtime.sweep(places.builds, new Set());
  await resetNetwork(runDirectory, prefix, log);
  await removeFiles(place, log);
  lock?.[Symbol.dispose]();
}

interface Place {
  readonly root: string;
  readonly runDirectory: string;
  readonly prefix: string;
}

/** Undefined when there is nothing that could be reset. */
async function locate(target: ResetTarget): Promise<Place | undefined> {
  const { root } = target;
  const known = await readIdentity(root);
  const isDefault = root === defaultRoot;
  const runDirectory =
    target.runDirectory ?? known?.runDirectory ?? (isDefault ? defaultRunDirectory : undefined);
  const prefix = target.prefix ?? known?.prefix ?? (isDefault ? defaultPrefix : undefined);
  if (runDirectory !== undefined && prefix !== undefined) return { root, runDirectory, prefix };
  if (!existsSync(root)) return undefined;
  throw new EngineError(
    "invalid",
    `Cannot reset ${root}: it does not tell its run directory and network prefix; name them with --run-dir and --network-prefix`,
    { subject: root },
  );
}

const patience = 10_000;
const step = 20;

/** Ends the engine that holds the root, if any, and takes its place so that no other starts meanwhile. */
async function endEngine(lockPath: string, pidPath: string): Promise<Disposable> {
  const deadline = Date.now() + patience;
  for (;;) {
    try {
      return lockFile(lockPath);
    } catch (error) {
      if (!hasCode(error, "EAGAIN", "EWOULDBLOCK")) throw error;
      if (Date.now() > deadline) throw error;
      await killEngine(pidPath);
      await delay(step);
    }
  }
}

async function killEngine(pidPath: string): Promise<void> {
  const pid = Number((await readFile(pidPath, "utf8").catch(() => "")).trim());
  if (!Number.isInteger(pid) || pid <= 1 || pid === process.pid) return;
  const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  if (!command.split("\0").includes("daemon")) return;
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (codeOf(error) !== "ESRCH") throw error;
  }
}

/** Records may be broken or gone: what lies in the kernel is found by its prefix. */
async function resetNetwork(runDirectory: string, prefix: string, log: Logger): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), "gantry-reset-"));
  try {
    using records = openRecords(join(scratch, "records.db"));
    const network = await openNetworkService({ records, runDirectory, prefix, log });
    await network.reset();
    await network.close();
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Removes what engines keep, and the directories themselves when nothing else lies in them. */
async function removeFiles(place: Place, log: Logger): Promise<void> {
  const inRoot = [
    "content",
    "snapshots",
    "containers",
    "volumes",
    "cache",
    "tmp",
    "engine.json",
    "engine.lock",
  ];
  const inRun = ["tasks", "build", "netns", "runtime", "seccomp", "engine.pid", "engine.log", "gantry.sock"];
  const databases = (await readdir(place.root).catch((): string[] => [])).filter((name) =>
    name.startsWith("records.db"),
  );
  await releaseLimits(placesOf(place).snapshots);
  await removeAll([
    ...inRun.map((name) => join(place.runDirectory, name)),
    ...[...databases, ...inRoot].map((name) => join(place.root, name)),
  ]);
  for (const directory of [place.runDirectory, place.root]) {
    try {
      await rmdir(directory);
    } catch (error) {
      if (codeOf(error) === "ENOENT") continue;
      const left = await readdir(directory).catch((): string[] => []);
      log.warn("left in place: it holds files of others", { directory, files: left.join(" ") });
    }
  }
}

/** One that cannot be removed keeps none of the others; throws for the first of them in the end. */
async function removeAll(paths: readonly string[]): Promise<void> {
  const failures: unknown[] = [];
  for (const path of paths) await removeTree(path).catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}
