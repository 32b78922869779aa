import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tracesOf } from "../../scripts/machine.ts";
import { repository } from "../../scripts/suites.ts";
import { mountDisk, unmountDisk } from "./disk.ts";
import { dockerKnows, dockerProgram, dockerVersion } from "./docker-program.ts";
import { eventually, Follower, type Output, type RunOptions, run, Terminal } from "./process.ts";
import { Steps } from "./steps.ts";
import { forget, note } from "./sweep.ts";

/** Our command line. */
export const gantryProgram = join(repository, "bin/gantry");

export interface EngineOptions {
  /** Make the base image `busybox`; default true. */
  readonly image?: boolean;
  /** Keep the root on a file system of its own, of so many megabytes. */
  readonly disk?: number;
  /** That file system holds projects to their limits; not every kernel can. Default false. */
  readonly quotas?: boolean;
  /** Follow the engine's durable steps, for kills at them; see `steps`. Default false. */
  readonly steps?: boolean;
  /** More arguments of `gantry daemon`. */
  readonly arguments?: readonly string[];
  /** More environment of `gantry daemon`. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * An engine of a test's own: own root, run directory, socket and network prefix, driven by the real docker command
 * line and by ours. Disposing resets it, removes its directory, and throws when anything of it is left.
 */
export class TestEngine implements AsyncDisposable {
  readonly directory: string;
  readonly prefix: string;
  readonly root: string;
  readonly runDirectory: string;
  readonly socket: string;
  /** The durable steps it passes; only with the option `steps`. */
  readonly steps: Steps;
  readonly #options: EngineOptions;
  #child: Bun.Subprocess<"ignore", "ignore", Bun.BunFile> | undefined;
  #starts = 0;

  constructor(options: EngineOptions = {}) {
    this.#options = options;
    this.directory = mkdtempSync(join(tmpdir(), "gantry-e2e-"));
    this.prefix = newPrefix();
    this.root = join(this.directory, "root");
    this.runDirectory = join(this.directory, "run");
    this.socket = join(this.runDirectory, "gantry.sock");
    this.steps = new Steps(join(this.directory, "steps"));
    mkdirSync(this.runDirectory, { recursive: true });
    mkdirSync(join(this.directory, "docker-config"));
    note(this);
  }

  /** The engine's process. */
  get pid(): number {
    if (this.#child === undefined) throw new Error("The engine is not running");
    return this.#child.pid;
  }

  /** What the engine wrote to its log since it was last started. */
  get log(): string {
    const path = this.#logPath();
    return existsSync(path) ? readFileSync(path, "utf8") : "";
  }

  /** Starts the engine, with further arguments, and waits for the line that says it serves. */
  async start(more: readonly string[] = []): Promise<void> {
    this.#starts++;
    const child = Bun.spawn(
      [
        gantryProgram,
        "daemon",
        ...["--root", this.root],
        ...["--run-dir", this.runDirectory],
        ...["--host", `unix://${this.socket}`],
        ...["--network-prefix", this.prefix],
        ...[...(this.#options.arguments ?? []), ...more],
      ],
      {
        stdin: "ignore",
        stdout: "ignore",
        stderr: Bun.file(this.#logPath()),
        env: { ...process.env, ...this.#stepsEnvironment(), ...this.#options.env },
      },
    );
    this.#child = child;
    await eventually("the engine to be ready", () => {
      if (this.log.includes(`gantry: ready on unix://${this.socket}\n`)) return true;
      if (child.exitCode !== null || child.signalCode !== null) {
        throw new Error(`The engine ended before it was ready:\n${this.log}`);
      }
      return undefined;
    });
  }

  /** Kills the engine as a crash would; containers go on. */
  async kill9(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** Resolves once the engine has ended by itself, or by a kill at a step. */
  async ended(): Promise<void> {
    await this.#child?.exited;
    this.#child = undefined;
  }

  /** Ends the engine as a service manager would. */
  async stop(): Promise<number> {
    return await this.#end("SIGTERM");
  }

  /** Runs the docker command line against this engine; for what its version cannot say yet, our own. */
  docker(args: readonly string[], options: RunOptions = {}): Promise<Output> {
    if (!dockerKnows(args)) return this.gantry(args, options);
    return run(this.dockerCommand(args), { ...options, env: { ...this.environment(), ...options.env } });
  }

  /** As `docker`, for what only this version of it and later ones do: before that, our own command line. */
  dockerSince(version: number, args: readonly string[]): Promise<Output> {
    return dockerVersion >= version ? this.docker(args) : this.gantry(args);
  }

  /** As `docker`, but the command must succeed; resolves to its standard output, trimmed. */
  async ok(args: readonly string[], options: RunOptions = {}): Promise<string> {
    return expectSuccess(`docker ${args.join(" ")}`, await this.docker(args, options), this.log);
  }

  /** As `ok`, by what `dockerSince` runs. */
  async okSince(version: number, args: readonly string[]): Promise<string> {
    return expectSuccess(`docker ${args.join(" ")}`, await this.dockerSince(version, args), this.log);
  }

  /** Runs our own command line against this engine. */
  gantry(args: readonly string[], options: RunOptions = {}): Promise<Output> {
    return run([gantryProgram, ...args], { ...options, env: { ...this.environment(), ...options.env } });
  }

  /** As `gantry`, but the command must succeed; resolves to its standard output, trimmed. */
  async gantryOk(args: readonly string[], options: RunOptions = {}): Promise<string> {
    return expectSuccess(`gantry ${args.join(" ")}`, await this.gantry(args, options), this.log);
  }

  /** A docker command that runs while the test goes on. */
  follow(args: readonly string[]): Follower {
    return new Follower(this.dockerCommand(args), this.environment());
  }

  /** Our own command line, running while the test goes on. */
  followGantry(args: readonly string[]): Follower {
    return new Follower([gantryProgram, ...args], this.environment());
  }

  /** A docker command on a terminal. */
  terminal(args: readonly string[], size = { columns: 80, rows: 24 }): Terminal {
    return new Terminal(this.dockerCommand(args), size, this.environment());
  }

  /** Our own command line on a terminal. */
  gantryTerminal(args: readonly string[], size = { columns: 80, rows: 24 }): Terminal {
    return new Terminal([gantryProgram, ...args], size, this.environment());
  }

  /** One field of `docker inspect`, by Go template. */
  inspect(name: string, template: string): Promise<string> {
    return this.ok(["inspect", "--format", template, name]);
  }

  /** For after each test: throws when it left a container, and removes it, so that the tests after it do not fail too. */
  async noneLeft(): Promise<void> {
    const left = (await this.ok(["ps", "-aq"])).split("\n").filter((id) => id !== "");
    if (left.length === 0) return;
    const names = await this.ok(["ps", "-a", "--format", "{{.Names}} ({{.Command}})"]);
    await this.ok(["rm", "-f", ...left]);
    throw new Error(`Containers were left: ${names}`);
  }

  /** Removes everything of this engine from the machine, as a user would after a crash. */
  async reset(): Promise<Output> {
    return await this.gantry(["system", "reset", "--root", this.root]);
  }

  /** What of this engine is on the machine. */
  traces(): string[] {
    return tracesOf(this.prefix, [this.directory]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child !== undefined) await this.stop();
    const { stdout, stderr, code } = await this.reset();
    if (code !== 0) throw new Error(`The reset failed:\n${stdout}${stderr}`);
    this.#unmountDisk();
    const left = this.traces();
    if (left.length > 0) throw new Error(`Left behind after a reset:\n${left.join("\n")}`);
    rmSync(this.directory, { recursive: true });
    forget(this);
  }

  /** Makes and mounts the disk that the options ask for. */
  mountDisk(): void {
    if (this.#options.disk === undefined) return;
    const { disk: megabytes, quotas = false } = this.#options;
    mountDisk({ file: join(this.directory, "disk"), at: this.root, megabytes, quotas });
  }

  #unmountDisk(): void {
    if (this.#options.disk !== undefined) unmountDisk(this.root);
  }

  dockerCommand(args: readonly string[]): string[] {
    return [dockerProgram(), "-H", `unix://${this.socket}`, ...args];
  }

  environment(): Record<string, string> {
    return {
      DOCKER_CONFIG: join(this.directory, "docker-config"),
      GANTRY_HOST: `unix://${this.socket}`,
      DOCKER_HOST: `unix://${this.socket}`,
      NO_COLOR: "1",
    };
  }

  #stepsEnvironment(): Record<string, string> {
    return this.#options.steps ? { GANTRY_TEST_STEPS: this.steps.directory } : {};
  }

  async #end(signal: NodeJS.Signals): Promise<number> {
    const child = this.#child;
    if (child === undefined) throw new Error("The engine is not running");
    this.#child = undefined;
    child.kill(signal);
    return await child.exited;
  }

  #logPath(): string {
    return join(this.directory, `engine-${this.#starts}.log`);
  }
}

/** A running engine with the image `busybox`. */
export async function startEngine(options: EngineOptions = {}): Promise<TestEngine> {
  const engine = new TestEngine(options);
  try {
    engine.mountDisk();
    await engine.start();
    if (options.image !== false) await engine.gantryOk(["image", "bootstrap", "busybox"]);
    return engine;
  } catch (error) {
    // What went wrong first is what to tell.
    await engine[Symbol.asyncDispose]().catch(() => {});
    throw error;
  }
}

/** A host port that nobody listens on. */
export function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}

/** Writes a directory of files, by relative path. */
export function writeFiles(directory: string, files: Readonly<Record<string, string>>): string {
  for (const [path, text] of Object.entries(files)) {
    const full = join(directory, path);
    mkdirSync(join(full, ".."), { recursive: true });
    writeFileSync(full, text);
  }
  return directory;
}

function expectSuccess(what: string, output: Output, log: string): string {
  if (output.code === 0) return output.stdout.trimEnd();
  const tail = log.split("\n").slice(-20).join("\n");
  throw new Error(
    `${what} ended with ${output.code}:\n${output.stdout}${output.stderr}\nthe engine's log:\n${tail}`,
  );
}

/** Six characters that no other engine on the machine has; `e` marks them as a test's. */
function newPrefix(): string {
  const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
  const random = crypto.getRandomValues(new Uint8Array(5));
  return `e${[...random].map((byte) => alphabet[byte % alphabet.length]).join("")}`;
}
