import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Machine, observeMachine, processesWith, tracesOf } from "./machine.ts";
import { repository } from "./suites.ts";

const gantry = join(repository, "bin/gantry");

interface Notes {
  readonly prefix: string;
  readonly pid: number;
  readonly before: Machine;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly onLine?: (line: string) => void;
}

export interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
  readonly milliseconds: number;
}

/**
 * An engine for a demonstration: all of it in one temporary directory, in a session of its own so that it may outlive
 * the program that started it. `open` finds it again by that directory.
 */
export class ThrowawayEngine {
  readonly directory: string;
  readonly prefix: string;
  readonly before: Machine;
  readonly pid: number;

  private constructor(directory: string, notes: Notes) {
    this.directory = directory;
    this.prefix = notes.prefix;
    this.before = notes.before;
    this.pid = notes.pid;
  }

  /** Starts an engine and waits until it serves. */
  static async start(): Promise<ThrowawayEngine> {
    const before = observeMachine();
    const directory = mkdtempSync(join(tmpdir(), "gantry-demo-"));
    const prefix = `demo${Math.floor(Math.random() * 36 ** 2)
      .toString(36)
      .padStart(2, "0")}`;
    mkdirSync(join(directory, "run"));
    const log = openSync(join(directory, "engine.log"), "w");
    const child = Bun.spawn(
      [gantry, "daemon", ...places(directory, prefix), "--host", `unix://${socketOf(directory)}`],
      {
        stdin: "ignore",
        stdout: "ignore",
        stderr: log,
        detached: true,
      },
    );
    closeSync(log);
    while (!readFileSync(join(directory, "engine.log"), "utf8").includes("gantry: ready on")) {
      if (child.exitCode !== null || child.signalCode !== null) {
        throw new Error(`The engine did not start:\n${readFileSync(join(directory, "engine.log"), "utf8")}`);
      }
      await Bun.sleep(5);
    }
    child.unref();
    const notes: Notes = { prefix, pid: child.pid, before };
    writeFileSync(join(directory, "demo.json"), JSON.stringify(notes));
    return new ThrowawayEngine(directory, notes);
  }

  /** The engine of a demonstration that was left running. */
  static open(directory: string): ThrowawayEngine {
    const file = join(directory, "demo.json");
    if (!existsSync(file)) throw new Error(`${directory} is not the directory of a running demonstration`);
    const notes: Notes = JSON.parse(readFileSync(file, "utf8"));
    return new ThrowawayEngine(directory, notes);
  }

  get socket(): string {
    return socketOf(this.directory);
  }

  /** A copy of the example, to be changed at will. */
  copyExample(name: string): string {
    const target = join(this.directory, name);
    cpSync(join(repository, "examples", name), target, { recursive: true });
    return target;
  }

  /** Runs our command line against this engine; `onLine` gets each line of both streams as it comes. */
  async run(words: readonly string[], options: RunOptions = {}): Promise<Ran> {
    const started = performance.now();
    const child = Bun.spawn([gantry, ...words], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      cwd: options.cwd ?? this.directory,
      env: { ...process.env, ...options.env, GANTRY_HOST: `unix://${this.socket}` },
    });
    const [stdout, stderr, code] = await Promise.all([
      collect(child.stdout, options.onLine),
      collect(child.stderr, options.onLine),
      child.exited,
    ]);
    return { stdout, stderr, code, milliseconds: performance.now() - started };
  }

  /** As `run`, but the command must succeed; gives its standard output. */
  async ok(words: readonly string[], options: RunOptions = {}): Promise<string> {
    const { stdout, stderr, code } = await this.run(words, options);
    if (code !== 0) throw new Error(`gantry ${words.join(" ")} ended with ${code}:\n${stdout}${stderr}`);
    return stdout;
  }

  /** Ends the engine and removes all that it made. Gives what is left on the machine all the same: nothing. */
  async remove(): Promise<string[]> {
    const engines = processesWith(this.directory).filter(({ command }) => command.includes(" daemon "));
    for (const { pid } of engines) process.kill(pid, "SIGTERM");
    while (engines.some(({ pid }) => existsSync(`/proc/${pid}`))) await Bun.sleep(5);
    const reset = Bun.spawnSync([gantry, "system", "reset", ...places(this.directory, this.prefix)]);
    if (!reset.success) throw new Error(`The reset failed:\n${reset.stderr}`);
    const left = tracesOf(this.prefix, [this.directory]);
    if (left.length === 0) rmSync(this.directory, { recursive: true });
    return left;
  }
}

function places(directory: string, prefix: string): string[] {
  return ["--root", join(directory, "root"), "--run-dir", join(directory, "run"), "--network-prefix", prefix];
}

function socketOf(directory: string): string {
  return join(directory, "run/gantry.sock");
}

async function collect(stream: ReadableStream<Uint8Array>, onLine?: (line: string) => void): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let shown = 0;
  for await (const chunk of stream) {
    text += decoder.decode(chunk, { stream: true });
    for (let end = text.indexOf("\n", shown); end >= 0; end = text.indexOf("\n", shown)) {
      onLine?.(text.slice(shown, end));
      shown = end + 1;
    }
  }
  if (shown < text.length) onLine?.(text.slice(shown));
  return text;
}
