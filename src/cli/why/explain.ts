import { formatSpan } from "../../base/index.ts";
import type { ContainerInspect } from "../../wire/index.ts";
import { exitCodeMeaning } from "./exit-code.ts";
import { startTrouble } from "./start-error.ts";

/** What is known of a container when somebody asks why. */
export interface Known {
  readonly container: ContainerInspect;
  /** The last lines it wrote. */
  readonly lines: readonly string[];
  /** What the event stream still has of its last run: `stop`, `kill`, `oom`, … */
  readonly actions: readonly string[];
  /** Containers that publish the host port which its start asked for. */
  readonly portHolders: readonly string[];
  readonly now: number;
}

/** What is told: what is, why, and what can be done. */
export interface Explanation {
  readonly headline: string;
  readonly reasons: readonly string[];
  readonly advice: readonly string[];
}

/** Explains in plain words why a container is in the state it is in. Pure. */
export function explainContainer(known: Known): Explanation {
  const { State: state } = known.container;
  switch (state.Status) {
    case "running":
      return explainRunning(known);
    case "paused":
      return {
        headline: `${nameOf(known)} is paused: its processes are there and stand still.`,
        reasons: [],
        advice: [`let it go on: gantry unpause ${nameOf(known)}`],
      };
    case "restarting":
      return explainRestarting(known);
    case "created":
      return state.Error ? explainFailedStart(known) : neverStarted(known);
    case "removing":
      return { headline: `${nameOf(known)} is being removed.`, reasons: [], advice: [] };
    case "dead":
      return {
        headline: `${nameOf(known)} could not be removed.`,
        reasons: [state.Error],
        advice: [`try again: gantry rm ${nameOf(known)}`],
      };
    case "exited":
      return state.Error ? explainFailedStart(known) : explainExit(known);
  }
}

/** The host port that a failed start could not get. */
export function wantedPort(container: ContainerInspect): string | undefined {
  return container.State.Error
    ? startTrouble(container.State.Error, container.Config.Image ?? "")?.port
    : undefined;
}

function explainRunning(known: Known): Explanation {
  const { State: state, RestartCount: restarts } = known.container;
  const health = state.Health;
  const how = health
    ? ` and is ${health.Status === "starting" ? "not yet known to be healthy" : health.Status}`
    : "";
  return {
    headline: `${nameOf(known)} has been running for ${ago(known, state.StartedAt)}${how}.`,
    reasons: [
      ...(restarts > 0 ? [`It has been started again ${times(restarts)} after it had ended.`] : []),
      ...healthReasons(known),
    ],
    advice: health?.Status === "unhealthy" ? [`look into it: gantry exec -it ${nameOf(known)} sh`] : [],
  };
}

function healthReasons({ container }: Known): string[] {
  const health = container.State.Health;
  if (!health || health.Status === "healthy" || health.FailingStreak === 0) return [];
  const last = health.Log.at(-1);
  return [
    `Its health check (${healthCheck(container)}) failed ${times(health.FailingStreak)} in a row.`,
    ...(last
      ? [`The last one ended with ${last.ExitCode}${last.Output.trim() ? `: ${last.Output.trim()}` : ""}`]
      : []),
  ];
}

function healthCheck(container: ContainerInspect): string {
  const [kind, ...words] = container.Config.Healthcheck?.Test ?? [];
  return kind === "HTTP" || kind === "TCP" ? `${kind} ${words.join(" ")}` : words.join(" ");
}

function explainRestarting(known: Known): Explanation {
  const { State: state, RestartCount, HostConfig } = known.container;
  const policy = policyText(HostConfig.RestartPolicy);
  return {
    headline: `${nameOf(known)} ended ${ago(known, state.FinishedAt)} ago and waits to be started again.`,
    reasons: [
      codeReason(state.ExitCode),
      ...oomReasons(known),
      `Its restart policy is ${policy}; it has been started again ${times(RestartCount)}. The pauses double from 100 ms up to a minute, and are short again after a run of 10 seconds.`,
    ],
    advice: [`end the circle: gantry stop ${nameOf(known)}`, ...exitAdvice(known)],
  };
}

function explainFailedStart(known: Known): Explanation {
  const { State: state, Config } = known.container;
  const trouble = startTrouble(state.Error, Config.Image ?? "");
  const holders =
    known.portHolders.length > 0
      ? [`Port ${trouble?.port ?? ""} belongs to ${known.portHolders.join(", ")}.`]
      : [];
  return {
    headline: `${nameOf(known)} could not be started (exit code ${state.ExitCode}).`,
    reasons: [...(trouble ? [trouble.reason] : []), ...holders, `In the engine's words: ${state.Error}`],
    advice: trouble?.advice ?? [],
  };
}

function neverStarted(known: Known): Explanation {
  return {
    headline: `${nameOf(known)} was made but never started.`,
    reasons: [],
    advice: [`start it: gantry start ${nameOf(known)}`],
  };
}

function explainExit(known: Known): Explanation {
  const { State: state, HostConfig, RestartCount } = known.container;
  const { Name: policy = "no", MaximumRetryCount: most = 0 } = HostConfig.RestartPolicy ?? {};
  const usedUp = policy === "on-failure" && most > 0 && RestartCount >= most && state.ExitCode !== 0;
  return {
    headline: `${nameOf(known)} ended ${ago(known, state.FinishedAt)} ago with exit code ${state.ExitCode}, after ${ranFor(known)}.`,
    reasons: [
      codeReason(state.ExitCode),
      ...oomReasons(known),
      ...requestReasons(known),
      ...healthReasons(known),
      ...(usedUp ? [`Its restart policy ${policyText(HostConfig.RestartPolicy)} is used up.`] : []),
    ],
    advice: exitAdvice(known),
  };
}

function codeReason(code: number): string {
  return `Exit code ${code} means: ${exitCodeMeaning(code)}.`;
}

function oomReasons({ container }: Known): string[] {
  if (!container.State.OOMKilled) return [];
  const limit = container.HostConfig.Memory ?? 0;
  const how = limit > 0 ? `more memory than its limit of ${mebibytes(limit)}` : "more memory than there was";
  return [`It used ${how}, and the kernel killed a process of it.`];
}

function requestReasons({ actions, container }: Known): string[] {
  if (actions.includes("stop") && stoppedForHealth(container)) {
    return ["It became unhealthy and was stopped for it, as --on-unhealthy stop asks for."];
  }
  if (actions.includes("stop")) {
    const killed = container.State.ExitCode === 137;
    return [
      killed
        ? "It was stopped on request, and killed because it did not end when it was asked to."
        : "It was stopped on request.",
    ];
  }
  return actions.includes("kill") ? ["A signal was sent to it on request (kill)."] : [];
}

function stoppedForHealth({ State, Config, HostConfig }: ContainerInspect): boolean {
  const asked = { ...Config.Labels, ...HostConfig.Annotations };
  return asked["gantry.on-unhealthy"] === "stop" && State.Health?.Status === "unhealthy";
}

function exitAdvice(known: Known): string[] {
  const { State: state, Config, HostConfig } = known.container;
  const command = [known.container.Path, ...known.container.Args];
  const isShell = command.length === 1 && /(^|\/)(ba|da|a|z)?sh$/.test(command[0] ?? "");
  if (isShell && !Config.Tty && !Config.OpenStdin) {
    return ["its command is a shell with nothing to read: give it a terminal (run -it) or something to do"];
  }
  if (state.OOMKilled) {
    const limit = HostConfig.Memory ?? 0;
    return limit > 0
      ? [`give it more: gantry update --memory ${mebibytes(limit * 2)} --memory-swap -1 ${nameOf(known)}`]
      : ["give the machine more memory, or the container a limit of its own"];
  }
  if (state.ExitCode === 0)
    return ["a container lives as long as its command: one that stays has to run in the foreground"];
  const killed = state.ExitCode === 137 && known.actions.includes("stop");
  return killed
    ? ["let the program end on SIGTERM, name the signal that it knows (--stop-signal), or use --init"]
    : [`see all that it said: gantry logs ${nameOf(known)}`];
}

function policyText(policy: ContainerInspect["HostConfig"]["RestartPolicy"]): string {
  const { Name = "no", MaximumRetryCount = 0 } = policy ?? {};
  return MaximumRetryCount > 0 ? `${Name}:${MaximumRetryCount}` : Name;
}

function nameOf({ container }: Known): string {
  return container.Name.replace(/^\//, "");
}

function ago({ now }: Known, time: string): string {
  return formatSpan(Math.max(0, now - Date.parse(time))).toLowerCase();
}

function ranFor({ container }: Known): string {
  const { StartedAt, FinishedAt } = container.State;
  return formatSpan(Math.max(0, Date.parse(FinishedAt) - Date.parse(StartedAt))).toLowerCase();
}

function times(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 1024 ** 2)}m`;
}
