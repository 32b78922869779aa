import { parseBytes } from "../../../base/index.ts";
import { type BuildOptions, failOnError, ProgressError, packContext } from "../../../client/index.ts";
import type { Cli, Command, Invocation } from "../../cli.ts";
import { ExitError } from "../../exit.ts";
import { pathAt } from "../../files/index.ts";
import type { FlagSpec, FlagValues } from "../../flags/index.ts";
import { keyValues, parseUlimits } from "../../run-config/index.ts";
import { buildPrinter } from "./build-output.ts";

const buildFlags: readonly FlagSpec[] = [
  { name: "add-host", kind: "list", help: 'Add a custom host-to-IP mapping ("host:ip")' },
  { name: "build-arg", kind: "list", help: "Set build-time variables" },
  { name: "cache-from", kind: "strings", help: "Accepted for scripts: the cache goes by content" },
  {
    name: "cgroup-parent",
    kind: "string",
    help: 'Set the parent cgroup for the "RUN" instructions during build',
  },
  { name: "compress", kind: "bool", help: "Accepted for scripts: the context does not leave the machine" },
  { name: "cpu-period", kind: "int", help: "Limit the CPU CFS (Completely Fair Scheduler) period" },
  { name: "cpu-quota", kind: "int", help: "Limit the CPU CFS (Completely Fair Scheduler) quota" },
  { name: "cpu-shares", short: "c", kind: "int", help: "CPU shares (relative weight)" },
  { name: "cpuset-cpus", kind: "string", help: "CPUs in which to allow execution (0-3, 0,1)" },
  { name: "cpuset-mems", kind: "string", help: "MEMs in which to allow execution (0-3, 0,1)" },
  {
    name: "file",
    short: "f",
    kind: "string",
    help: 'Name of the Dockerfile (Default is "PATH/Dockerfile")',
  },
  { name: "force-rm", kind: "bool", help: "Accepted for scripts: intermediate containers always go" },
  { name: "iidfile", kind: "string", help: "Write the image ID to the file" },
  { name: "isolation", kind: "string", help: "Container isolation technology" },
  { name: "label", kind: "list", help: "Set metadata for an image" },
  { name: "memory", short: "m", kind: "bytes", help: "Memory limit" },
  {
    name: "memory-swap",
    kind: "swap",
    help: "Swap limit equal to memory plus swap: -1 to enable unlimited swap",
  },
  {
    name: "network",
    kind: "string",
    default: "default",
    help: "Set the networking mode for the RUN instructions during build",
  },
  { name: "no-cache", kind: "bool", help: "Do not use cache when building the image" },
  { name: "platform", kind: "string", help: "Set platform if server is multi-platform capable" },
  { name: "pull", kind: "bool", help: "Always attempt to pull a newer version of the image" },
  {
    name: "quiet",
    short: "q",
    kind: "bool",
    help: "Suppress the build output and print image ID on success",
  },
  {
    name: "rm",
    kind: "bool",
    default: "true",
    help: "Accepted for scripts: intermediate containers always go",
  },
  { name: "security-opt", kind: "strings", help: "Security options" },
  { name: "shm-size", kind: "bytes", help: 'Size of "/dev/shm"' },
  { name: "squash", kind: "bool", help: "Squash newly built layers into a single new layer" },
  { name: "tag", short: "t", kind: "list", help: 'Name and optionally a tag in the "name:tag" format' },
  { name: "target", kind: "string", help: "Set the target build stage to build." },
  { name: "ulimit", kind: "list", type: "ulimit", help: "Ulimit options" },

  {
    name: "progress",
    kind: "string",
    default: "auto",
    help: "Type of progress output; accepted for scripts",
  },
  { name: "load", kind: "bool", help: "Accepted for scripts: the image is always loaded" },
];

export const buildCommand: Command = {
  usage: "build [OPTIONS] PATH | URL | -",
  summary: "Build an image from a Dockerfile",
  flags: buildFlags,
  args: { least: 1, most: 1 },
  run,
};

async function run(cli: Cli, { flags, args: [where = ""] }: Invocation): Promise<number> {
  const quiet = flags.bool("quiet");
  const context = await openContext(cli, where, flags.find("file"));
  const messages = cli.client.builds.build(context.tar, {
    dockerfile: context.dockerfile,
    tags: flags.list("tag"),
    buildArgs: buildArguments(cli, flags),
    labels: keyValues(flags.list("label")),
    target: flags.find("target"),
    noCache: flags.bool("no-cache"),
    pull: flags.bool("pull"),
    networkMode: flags.find("network"),
    extraHosts: flags.list("add-host"),
    cacheFrom: flags.list("cache-from"),
    shmSize: flags.has("shm-size") ? parseBytes(flags.text("shm-size")) : undefined,
    platform: flags.find("platform"),
    more: limits(flags),
    quiet,
  });
  const printer = await buildPrinter(cli.out, quiet);
  try {
    for await (const message of failOnError(messages)) await printer.show(message);
  } catch (error) {
    await printer.failed();
    // A failed command's own code is the build's.
    if (error instanceof ProgressError) throw new ExitError(error.code || 1, error.message);
    throw error;
  }
  const id = await printer.done();
  const file = flags.find("iidfile");
  if (file && id) await writeID(pathAt(cli, file), id);
  return 0;
}

interface Context {
  readonly tar: AsyncIterable<Uint8Array>;
  readonly dockerfile: string | undefined;
}

async function openContext(cli: Cli, where: string, file: string | undefined): Promise<Context> {
  if (where === "-" && file === "-") {
    throw new ExitError(1, "invalid argument: can't use stdin for both build context and dockerfile");
  }
  if (where === "-") return await stdinContext(cli, file);
  if (/^(https?|git):\/\/|^git@|\.git(#|$)/.test(where)) {
    throw new ExitError(1, `unable to prepare context: remote contexts are not supported: ${where}`);
  }
  const dockerfile = file === "-" ? { content: await readAll(cli.stdin()) } : await findFile(cli, file);
  return await packContext(pathAt(cli, where), { dockerfile });
}

/** A Dockerfile is looked for from where the command was called, then in the context. */
async function findFile(cli: Cli, file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  const { access } = await import("node:fs/promises");
  const here = pathAt(cli, file);
  return await access(here).then(
    () => here,
    () => file,
  );
}

/** Input is a context tar, or the text of a Dockerfile without a context. */
async function stdinContext(cli: Cli, file: string | undefined): Promise<Context> {
  const input = cli.stdin()[Symbol.asyncIterator]();
  let head: Uint8Array = new Uint8Array(0);
  while (head.length < 512) {
    const { value, done } = await input.next();
    if (done) break;
    head = Buffer.concat([head, value]);
  }
  if (isArchive(head)) return { tar: rest(head, input), dockerfile: file };
  const content = await readAll(rest(head, input));
  const { encodeTarHeader, tarEnd, tarPadding } = await import("../../../client/index.ts");
  const bytes = Buffer.from(content);
  const header = encodeTarHeader({
    path: "Dockerfile",
    kind: "file",
    mode: 0o644,
    mtime: 0,
    size: bytes.length,
  });
  const tar = Buffer.concat([header, bytes, tarPadding(bytes.length), tarEnd]);
  return { tar: rest(tar, [][Symbol.iterator]()), dockerfile: "Dockerfile" };
}

function isArchive(head: Uint8Array): boolean {
  const starts = (...bytes: number[]) => bytes.every((byte, index) => head[index] === byte);
  const compressed =
    starts(0x1f, 0x8b) ||
    starts(0x42, 0x5a, 0x68) ||
    starts(0xfd, 0x37, 0x7a) ||
    starts(0x28, 0xb5, 0x2f, 0xfd);
  return compressed || Buffer.from(head.subarray(257, 262)).toString("latin1") === "ustar";
}

async function* rest(
  head: Uint8Array,
  input: AsyncIterator<Uint8Array> | Iterator<Uint8Array>,
): AsyncGenerator<Uint8Array, void> {
  yield head;
  for (let next = await input.next(); !next.done; next = await input.next()) yield next.value;
}

async function readAll(input: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of input) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

/** Flags that are text in the query as they are here. */
const limitTexts: Readonly<Record<string, string>> = {
  "cgroup-parent": "cgroupparent",
  "cpu-period": "cpuperiod",
  "cpu-quota": "cpuquota",
  "cpu-shares": "cpushares",
  "cpuset-cpus": "cpusetcpus",
  "cpuset-mems": "cpusetmems",
  isolation: "isolation",
};

/** What commands of the build are to be held to. The engine says whether it can. */
function limits(flags: FlagValues): BuildOptions["more"] {
  const texts = Object.entries(limitTexts).map(([flag, key]) => [key, flags.find(flag)] as const);
  const ulimits = parseUlimits(flags.list("ulimit"));
  const swap = flags.find("memory-swap");
  return {
    ...Object.fromEntries(texts),
    memory: flags.has("memory") ? flags.bytes("memory") : undefined,
    memswap: swap === undefined || swap === "-1" ? swap : flags.bytes("memory-swap"),
    securityopt: flags.has("security-opt") ? JSON.stringify(flags.list("security-opt")) : undefined,
    squash: flags.bool("squash") || undefined,
    ulimits: ulimits.length > 0 ? JSON.stringify(ulimits) : undefined,
  };
}

/** A bare name takes its value from the surroundings; where there is none, the Dockerfile's default holds. */
function buildArguments(cli: Cli, flags: FlagValues): Record<string, string | null> {
  const pairs = flags.list("build-arg").map((text): [string, string | null] => {
    const at = text.indexOf("=");
    return at < 0 ? [text, cli.env[text] ?? null] : [text.slice(0, at), text.slice(at + 1)];
  });
  return Object.fromEntries(pairs);
}

async function writeID(path: string, id: string): Promise<void> {
  const { writeFile } = await import("node:fs/promises");
  await writeFile(path, id);
}
