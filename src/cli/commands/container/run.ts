import { messageOf } from "../../../base/index.ts";
import type { RawStream } from "../../../client/index.ts";
import type { WaitResponse } from "../../../wire/index.ts";
import type { Cli, Command, Invocation } from "../../cli.ts";
import { ExitError, explain } from "../../exit.ts";
import type { FlagSpec } from "../../flags/index.ts";
import { forwardSignals } from "../../forward-signals.ts";
import { type ContainerPlan, createFlags, planContainer } from "../../run-config/index.ts";
import { session } from "../../streams/index.ts";
import { configAt } from "./config-at.ts";
import { createContainer } from "./create-container.ts";

const runFlags: readonly FlagSpec[] = [
  ...createFlags,
  {
    name: "detach",
    short: "d",
    kind: "bool",
    help: "Run container in background and print container ID",
  },
  {
    name: "detach-keys",
    kind: "string",
    help: "Override the key sequence for detaching a container",
  },
  { name: "sig-proxy", kind: "bool", default: "true", help: "Proxy received signals to the process" },
];

export const runCommand: Command = {
  usage: "run [OPTIONS] IMAGE [COMMAND] [ARG...]",
  summary: "Create and run a new container from an image",
  flags: runFlags,
  args: { least: 1 },
  interspersed: false,
  run,
};

async function run(cli: Cli, invocation: Invocation): Promise<number> {
  const { flags, args } = invocation;
  const detached = flags.bool("detach");
  const plan = await planContainer(configAt(cli), flags, { args, detached }).catch(refuse);
  if (detached && flags.has("attach")) {
    throw refuse(new Error("conflicting options: cannot specify both --attach and --detach"));
  }
  if (detached) return await runDetached(cli, invocation, plan);
  if (flags.bool("tty")) await prepareTerminal(cli, plan);
  return await runAttached(cli, invocation, plan);
}

async function runDetached(cli: Cli, { flags }: Invocation, plan: ContainerPlan): Promise<number> {
  const { Id } = await createContainer(cli, flags, plan.request).catch(fail);
  try {
    await cli.client.containers.start(Id).catch(fail);
  } finally {
    // Also of one that could not be started: whoever called will want to look at it, or remove it.
    await cli.out.write(`${Id}\n`);
  }
  return 0;
}

async function runAttached(cli: Cli, { flags }: Invocation, plan: ContainerPlan): Promise<number> {
  const { containers } = cli.client;
  // Attach and wait need a connection each beside the one that creates and starts: they open meanwhile.
  void cli.client.warm();
  void cli.client.warm();
  const { Id } = await createContainer(cli, flags, plan.request).catch(fail);
  const { streams } = plan;
  const detachKeys = flags.text("detach-keys");
  const [stream, wait] = await Promise.all([
    containers.attach(Id, { ...streams, detachKeys: detachKeys || undefined }),
    containers.openWait(Id, { condition: flags.bool("rm") ? "removed" : "next-exit" }),
  ]).catch(fail);
  using _signals = proxySignals(cli, Id, flags.bool("sig-proxy") && !flags.bool("tty"));
  const started = containers.start(Id);
  const ended = session(cli, stream, {
    tty: flags.bool("tty"),
    stdin: streams.stdin,
    output: streams.stdout || streams.stderr,
    detachKeys,
    resize: (size) => containers.resize(Id, size),
    started,
  });
  ended.catch(() => undefined);
  await started.catch((error: unknown) => startFailed(error, { stream, wait, removed: flags.bool("rm") }));
  if ((await ended) === "detached") return 0;
  stream.close();
  return exitCode(await outcome(wait));
}

async function outcome(wait: { readonly ended: Promise<WaitResponse> }): Promise<WaitResponse> {
  try {
    return await wait.ended;
  } catch (error) {
    throw new ExitError(125, `error waiting for container: ${messageOf(error)}`);
  }
}

function proxySignals(cli: Cli, id: string, on: boolean): Disposable | undefined {
  if (!on) return undefined;
  return forwardSignals((killSignal) => cli.client.containers.kill(id, { killSignal }));
}

async function prepareTerminal(cli: Cli, plan: ContainerPlan): Promise<void> {
  const { inputIsTerminal, terminalSize } = await import("../../terminal/index.ts");
  if (plan.streams.stdin && !inputIsTerminal()) throw new ExitError(1, "the input device is not a TTY");
  const size = await terminalSize(cli.out);
  if (size && plan.request.HostConfig) plan.request.HostConfig.ConsoleSize = [size.height, size.width];
}

interface Failed {
  readonly stream: RawStream;
  readonly wait: { readonly ended: Promise<WaitResponse> };
  readonly removed: boolean;
}

async function startFailed(error: unknown, { stream, wait, removed }: Failed): Promise<never> {
  stream.close();
  // The engine removes what `--rm` could not start; afterwards its name is free.
  if (removed) await wait.ended.catch(() => undefined);
  return fail(error);
}

function exitCode({ StatusCode, Error: failure }: WaitResponse): number {
  if (failure?.Message) throw new ExitError(125, failure.Message);
  return StatusCode;
}

/** What was asked makes no sense, whatever the words of the error may be. */
function refuse(error: unknown): never {
  if (error instanceof ExitError) throw error;
  throw withHelp(125, explain(error));
}

/** Docker's code for a container that could not run: 127 no such command, 126 not executable, else 125. */
function fail(error: unknown): never {
  if (error instanceof ExitError) throw error;
  const message = explain(error);
  throw withHelp(failureCode(message), message);
}

function withHelp(code: number, message: string): ExitError {
  return new ExitError(code, `gantry: ${message}\n\nRun 'gantry run --help' for more information`);
}

function failureCode(message: string): number {
  if (/executable file not found|no such file or directory/i.test(message)) return 127;
  return /permission denied|is a directory/i.test(message) ? 126 : 125;
}
