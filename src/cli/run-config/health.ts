import type { HealthConfig } from "../../wire/index.ts";
import type { FlagValues } from "../flags/index.ts";
import { compact } from "./compact.ts";

const spans = ["health-interval", "health-timeout", "health-start-period", "health-start-interval"] as const;

/** What the health flags ask for; undefined when none is given. Throws in Docker's words. */
export function parseHealth(flags: FlagValues): HealthConfig | undefined {
  const given = [...spans, "health-cmd", "health-retries"].some((name) => flags.has(name));
  if (flags.bool("no-healthcheck")) {
    if (given) throw new Error("--no-healthcheck conflicts with --health-* options");
    return { Test: ["NONE"] };
  }
  if (!given) return undefined;
  const negative = spans.find((name) => (flags.duration(name) ?? 0) < 0);
  if (negative) throw new Error(`--${negative} cannot be negative`);
  if ((flags.int("health-retries") ?? 0) < 0) throw new Error("--health-retries cannot be negative");
  const command = flags.text("health-cmd");
  return compact<HealthConfig>({
    Test: command === "" ? undefined : ["CMD-SHELL", command],
    Interval: flags.duration("health-interval"),
    Timeout: flags.duration("health-timeout"),
    StartPeriod: flags.duration("health-start-period"),
    StartInterval: flags.duration("health-start-interval"),
    Retries: flags.int("health-retries"),
  });
}
