import type { LogOptions } from "../../../client/index.ts";
import {
  applyPlan,
  type BroughtUp,
  bringUp,
  listContainers,
  type Project,
  planLife,
} from "../../../compose/index.ts";
import type { Invocation } from "../../cli.ts";
import { ExitError } from "../../exit.ts";
import type { FlagValues } from "../../flags/index.ts";
import { showAttached, watchProject } from "./attached.ts";
import type { Compose, ComposeCommand } from "./compose-command.ts";
import { timeoutFlag } from "./flags.ts";
import { Interrupted, onInterrupt } from "./interrupts.ts";
import { createLogPrinter } from "./log-printer.ts";
import { logShowFlags } from "./logs.ts";
import { bringUpFlags, bringUpOptions, exclude } from "./up-options.ts";

export const upVerb: ComposeCommand = {
  usage: "up [OPTIONS] [SERVICE...]",
  summary: "Create and start containers",
  flags: [
    {
      name: "abort-on-container-exit",
      kind: "bool",
      help: "Stops all containers if any container was stopped. Incompatible with -d",
    },
    {
      name: "abort-on-container-failure",
      kind: "bool",
      help: "Stops all containers if any container exited with failure. Incompatible with -d",
    },
    {
      name: "always-recreate-deps",
      kind: "bool",
      help: "Recreate dependent containers. Incompatible with --no-recreate.",
    },
    {
      name: "attach",
      kind: "list",
      type: "stringArray",
      help: "Restrict attaching to the specified services. Incompatible with --attach-dependencies.",
    },
    {
      name: "attach-dependencies",
      kind: "bool",
      help: "Automatically attach to log output of dependent services",
    },
    ...bringUpFlags,
    { name: "detach", short: "d", kind: "bool", help: "Detached mode: Run containers in the background" },
    {
      name: "exit-code-from",
      kind: "string",
      help: "Return the exit code of the selected service container. Implies --abort-on-container-exit",
    },
    {
      name: "no-attach",
      kind: "list",
      type: "stringArray",
      help: "Do not attach (stream logs) to the specified services",
    },
    { name: "no-deps", kind: "bool", help: "Don't start linked services" },
    { name: "no-start", kind: "bool", help: "Don't start the services after creating them" },
    {
      name: "renew-anon-volumes",
      short: "V",
      kind: "bool",
      help: "Recreate anonymous volumes instead of retrieving data from the previous containers",
    },
    ...logShowFlags,
    timeoutFlag,
    { name: "wait", kind: "bool", help: "Wait for services to be running|healthy. Implies detached mode." },
    {
      name: "wait-timeout",
      kind: "int",
      help: "Maximum duration in seconds to wait for the project to be running|healthy",
    },
    {
      name: "yes",
      short: "y",
      kind: "bool",
      help: 'Assume "yes" as answer to all prompts and run non-interactively',
    },
  ],
  args: { least: 0 },
  run: async (compose, { flags, args }) => {
    checkFlags(flags);
    const project = await compose.load(args);
    const detached = flags.bool("detach") || flags.bool("wait") || flags.bool("no-start") || compose.dryRun;
    if (!detached) return runAttached(compose, project, { flags, args });
    await bring(compose, project, { flags, args });
    return 0;
  },
};

function checkFlags(flags: FlagValues): void {
  exclude(flags, "no-recreate", "always-recreate-deps");
  exclude(flags, "attach-dependencies", "no-deps");
  for (const name of ["abort-on-container-exit", "abort-on-container-failure", "attach-dependencies"]) {
    exclude(flags, "detach", name);
  }
  if (flags.bool("wait") && flags.has("exit-code-from")) {
    throw new ExitError(1, "--wait and --exit-code-from are incompatible");
  }
}

async function bring(
  compose: Compose,
  project: Project,
  { flags, args }: Invocation,
  signal?: AbortSignal,
): Promise<BroughtUp> {
  const seconds = flags.int("wait-timeout");
  const limit = flags.bool("wait") && seconds !== undefined ? waitLimit(seconds, project.name) : undefined;
  return compose.working(
    (applying) => {
      const signals = [applying.signal, limit].filter((one) => one !== undefined);
      return bringUp(
        project,
        { ...applying, signal: AbortSignal.any(signals) },
        {
          ...bringUpOptions(compose, flags, args),
          noDependencies: flags.bool("no-deps"),
          recreateDependencies: flags.bool("always-recreate-deps"),
          renewAnonymousVolumes: flags.bool("renew-anon-volumes"),
          start: !flags.bool("no-start"),
          timeout: flags.int("timeout"),
          wait: flags.bool("wait"),
        },
      );
    },
    { quiet: flags.bool("quiet-build"), ...(signal === undefined ? {} : { signal }) },
  );
}

function waitLimit(seconds: number, project: string): AbortSignal {
  const stop = new AbortController();
  const timer = setTimeout(
    () => stop.abort(new ExitError(1, `application not healthy after ${seconds}s: project ${project}`)),
    seconds * 1000,
  );
  timer.unref();
  return stop.signal;
}

/** Brings the project up, shows what its containers say, and stops them when the user or a container ends it. */
async function runAttached(compose: Compose, project: Project, invocation: Invocation): Promise<number> {
  const { flags } = invocation;
  const { client, err, out } = compose.cli;
  const began = new Date().toISOString();
  const starting = new AbortController();
  const watching = new AbortController();
  let stopping: Promise<void> | undefined;
  let attached = false;
  const stop = (force: boolean): void => {
    stopping = (stopping ?? Promise.resolve()).then(() => stopAll(compose, project, flags, force));
    stopping.catch(() => watching.abort());
  };
  using _ = onInterrupt((count) => {
    if (!attached) starting.abort(new Interrupted());
    else if (count === 1) {
      void err.write("Gracefully Stopping... press Ctrl+C again to force\n");
      stop(false);
    } else forceStop(compose, project).catch(() => watching.abort());
  });
  const events = await watchProject(client, project.name, watching.signal);
  try {
    const up = await bring(compose, project, invocation, starting.signal);
    attached = true;
    const shown = shownServices(up, invocation);
    const coloured = !flags.bool("no-color") && (await compose.coloured());
    const printer = createLogPrinter(out, { coloured, prefixed: !flags.bool("no-log-prefix") });
    const exit = exitWatch(flags, () => stop(false));
    await err.write(`Attaching to ${[...shown].sort().join(", ")}\n`);
    await showAttached(events, {
      client,
      printer,
      shown,
      project: project.name,
      services: new Set(up.services.map(({ name }) => name)),
      begin: beginOf(up, began),
      signal: watching.signal,
      ended: exit.ended,
    });
    await stopping;
    return exit.code();
  } finally {
    watching.abort();
  }
}

function shownServices({ services }: BroughtUp, { flags, args }: Invocation): Set<string> {
  const only = flags.list("attach");
  const none = new Set(flags.list("no-attach"));
  const named = only.length > 0 ? only : flags.bool("attach-dependencies") ? [] : args;
  return new Set(
    services
      .filter(({ name, attach }) => (named.length === 0 ? attach : named.includes(name)) && !none.has(name))
      .map(({ name }) => name),
  );
}

/** New containers from their first word; those that ran from now on; those that were started again from their start. */
function beginOf({ before }: BroughtUp, began: string): (container: { readonly id: string }) => LogOptions {
  const states = new Map(before.containers.map(({ id, state }) => [id, state]));
  return ({ id }) => {
    const state = states.get(id);
    if (state === undefined) return {};
    return state === "running" ? { tail: 0 } : { since: began };
  };
}

interface ExitWatch {
  readonly ended: (container: { readonly service: string }, exitCode: number) => void;
  readonly code: () => number;
}

/** Stops everything when a container ends, where the flags ask for that, and knows the exit code that follows. */
function exitWatch(flags: FlagValues, stop: () => void): ExitWatch {
  const from = flags.find("exit-code-from");
  const onAny = flags.bool("abort-on-container-exit") || from !== undefined;
  const onFailure = flags.bool("abort-on-container-failure");
  let first: number | undefined;
  let chosen: number | undefined;
  return {
    ended: ({ service }, exitCode) => {
      if (service === from) chosen ??= exitCode;
      if (!onAny && !(onFailure && exitCode !== 0)) return;
      if (first === undefined) stop();
      first ??= exitCode;
    },
    code: () => (from === undefined ? (first ?? 0) : (chosen ?? 0)),
  };
}

async function stopAll(compose: Compose, project: Project, flags: FlagValues, force: boolean): Promise<void> {
  if (force) return forceStop(compose, project);
  const containers = await listContainers(compose.cli.client, project.name);
  const own = containers.filter(({ service }) => project.services.has(service));
  const plan = planLife({ verb: "stop", timeout: flags.int("timeout") }, own);
  await compose.working((applying) => applyPlan(plan, applying), { signal: new AbortController().signal });
}

async function forceStop(compose: Compose, project: Project): Promise<void> {
  const containers = await listContainers(compose.cli.client, project.name);
  const own = containers.filter(({ service }) => project.services.has(service));
  const plan = planLife({ verb: "kill", signal: "SIGKILL" }, own);
  await compose.working((applying) => applyPlan(plan, applying), { signal: new AbortController().signal });
}
