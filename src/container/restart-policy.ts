import { EngineError } from "../base/index.ts";

export interface RestartPolicy {
  readonly name: "no" | "always" | "unless-stopped" | "on-failure";
  /** 0: without limit; `on-failure` only. */
  readonly maximumRetryCount: number;
}

const firstDelay = 100;
const longestDelay = 60_000;
/** A run of this length counts as healthy: the next delay starts from the beginning. */
const steadyAfter = 10_000;

/** Reads the policy of a host config; throws `invalid` with Docker's words. */
export function parseRestartPolicy(
  value: { Name?: string; MaximumRetryCount?: number } | null | undefined,
): RestartPolicy {
  const name = value?.Name || "no";
  const maximumRetryCount = value?.MaximumRetryCount ?? 0;
  if (name !== "no" && name !== "always" && name !== "unless-stopped" && name !== "on-failure") {
    throw new EngineError(
      "invalid",
      `invalid restart policy: unknown policy '${name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`,
      { subject: name },
    );
  }
  if (maximumRetryCount !== 0 && name !== "on-failure") {
    throw new EngineError(
      "invalid",
      "invalid restart policy: maximum retry count can only be used with 'on-failure'",
      { subject: name },
    );
  }
  if (maximumRetryCount < 0) {
    throw new EngineError("invalid", "invalid restart policy: maximum retry count cannot be negative", {
      subject: name,
    });
  }
  return { name, maximumRetryCount };
}

/** Whether a container that ended with `exitCode` after `restartCount` restarts is to be started again. */
export function wantsRestart(
  policy: RestartPolicy,
  exit: { exitCode: number; restartCount: number; stoppedByUser: boolean },
): boolean {
  if (exit.stoppedByUser) return false;
  switch (policy.name) {
    case "no":
      return false;
    case "always":
    case "unless-stopped":
      return true;
    case "on-failure":
      return (
        exit.exitCode !== 0 &&
        (policy.maximumRetryCount === 0 || exit.restartCount < policy.maximumRetryCount)
      );
  }
}

/** Whether a start of the engine starts this container, which does not run. One never started stays created. */
export function startsAtBoot(
  policy: RestartPolicy,
  exit: { exitCode: number; restartCount: number; stoppedByUser: boolean },
): boolean {
  if (policy.name === "always") return true;
  return wantsRestart(policy, exit);
}

/** Milliseconds to wait before the next restart, given the last wait (0: none yet) and how long the run lasted. */
export function nextDelay(last: number, ranFor: number): number {
  if (last === 0 || ranFor >= steadyAfter) return firstDelay;
  return Math.min(last * 2, longestDelay);
}
