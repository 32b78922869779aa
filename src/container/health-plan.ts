import { EngineError } from "../base/index.ts";
import type { HealthConfig } from "../wire/index.ts";
import { type ProbeTarget, parseProbe } from "./probe-target.ts";

const second = 1e9;

/** What is asked: a command in the container, or a port in its network. */
export type HealthQuestion =
  | { readonly kind: "command"; readonly words: readonly string[]; readonly shell: boolean }
  | { readonly kind: "network"; readonly target: ProbeTarget };

/** A container's health check, Docker's defaults filled in; times in milliseconds. */
export interface HealthPlan {
  readonly question: HealthQuestion;
  readonly interval: number;
  readonly timeout: number;
  readonly retries: number;
  readonly startPeriod: number;
  readonly startInterval: number;
}

/** Undefined: there is no check. `HTTP` and `TCP` beside Docker's `CMD` and `CMD-SHELL` are asked by the engine. */
export function healthPlan(config: HealthConfig | null | undefined): HealthPlan | undefined {
  const question = questionOf(config?.Test ?? []);
  if (!question) return undefined;
  const span = (value: number | undefined, byDefault: number) => (value || byDefault) / 1e6;
  return {
    question,
    interval: span(config?.Interval, 30 * second),
    timeout: span(config?.Timeout, 30 * second),
    retries: config?.Retries || 3,
    startPeriod: span(config?.StartPeriod, 0),
    startInterval: span(config?.StartInterval, 5 * second),
  };
}

function questionOf(test: readonly string[]): HealthQuestion | undefined {
  const [kind, ...words] = test;
  switch (kind) {
    case "CMD":
    case "CMD-SHELL":
      return { kind: "command", words, shell: kind === "CMD-SHELL" };
    case "HTTP":
    case "TCP":
      return { kind: "network", target: parseProbe(test) };
    default:
      return undefined;
  }
}

const kinds = ["", "NONE", "CMD", "CMD-SHELL", "HTTP", "TCP"];

/** Throws `invalid` in Docker's words for a check that cannot be; returns a warning for one that nobody knows. */
export function checkHealth(config: HealthConfig | null | undefined): string[] {
  if (!config) return [];
  const spans = ["Interval", "Timeout", "StartPeriod", "StartInterval"] as const;
  for (const name of spans) {
    const value = config[name] ?? 0;
    if (value !== 0 && value < 1e6) throw invalid(`${name} in Healthcheck cannot be less than 1ms`, name);
  }
  if ((config.Retries ?? 0) < 0) throw invalid("Retries in Healthcheck cannot be negative", "Retries");
  const [kind = ""] = config.Test ?? [];
  if (kind === "HTTP" || kind === "TCP") parseProbe(config.Test ?? []);
  return kinds.includes(kind) ? [] : [`Unknown healthcheck type '${kind}' (expected 'CMD')`];
}

export interface Health {
  readonly status: "starting" | "healthy" | "unhealthy";
  readonly failingStreak: number;
}

/** The health after one probe. Failures within the start period do not count until a probe succeeded. Pure. */
export function nextHealth(
  health: Health,
  probe: { exitCode: number; inStartPeriod: boolean },
  retries: number,
): Health {
  if (probe.exitCode === 0) return { status: "healthy", failingStreak: 0 };
  if (probe.inStartPeriod && health.status === "starting") return health;
  const failingStreak = health.failingStreak + 1;
  return { status: failingStreak >= retries ? "unhealthy" : health.status, failingStreak };
}

function invalid(message: string, subject: string): EngineError {
  return new EngineError("invalid", message, { subject });
}
