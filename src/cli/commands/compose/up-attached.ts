import type { LogOptions } from "../../../client/index.ts";
import { applyPlan, type BroughtUp, listContainers, type Project, planLife } from "../../../compose/index.ts";
import type { Invocation } from "../../cli.ts";
import type { FlagValues } from "../../flags/index.ts";
import { showAttached, watchProject } from "./attached.ts";
import type { Compose } from "./compose-command.ts";
import { Interrupted, onInterrupt } from "./interrupts.ts";
import { createLogPrinter } from "./log-printer.ts";

/** Brings the project up, shows what its containers say, and stops them when the user or a container ends it. */
export async function runAttached(
  compose: Compose,
  project: Project,
  { flags, args, bring }: Invocation & { readonly bring: (signal: AbortSignal) => Promise<BroughtUp> },
): Promise<number> {
  const invocation = { flags, args };
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
    const up = await bring(starting.signal);
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
