import { EngineError } from "../base/index.ts";
import type { ContainerConfig, HealthConfig, HostConfig } from "../wire/index.ts";
import { parseProbe } from "./probe-target.ts";

/** What Gantry does for a container that Docker has no word for. Absent from the record where nothing was asked. */
export interface Extensions {
  /** The writable layer is thrown away whenever the container stops. */
  readonly ephemeral?: true;
  /** What follows when the health check says unhealthy. */
  readonly onUnhealthy?: "restart" | "stop";
}

/**
 * Names under which a client of Docker's API asks for them: as an annotation, or as a label, of which the annotation
 * wins. They are kept as they were given, so that inspect gives back what was asked.
 */
const keys = ["gantry.ephemeral", "gantry.on-unhealthy", "gantry.health-http", "gantry.health-tcp"] as const;
type Key = (typeof keys)[number];

/** Names under `gantry.` that mean nothing. */
function strangers(given: Readonly<Record<string, string>>): string[] {
  return Object.keys(given).filter((name) => name.startsWith("gantry.") && !keys.some((key) => key === name));
}

/** Labels are anybody's: one that looks like an option of ours and is none is told, not refused. */
export function extensionWarnings(config: ContainerConfig): string[] {
  return strangers(config.Labels ?? {}).map((name) => `The label ${name} means nothing to this engine`);
}

type Asked = ReadonlyMap<Key, string>;

/** What a create request asks of Gantry; throws `invalid` for an annotation under `gantry.` that means nothing. */
export function readExtensions(config: ContainerConfig, host: HostConfig): Extensions {
  const asked = askedOf(config, host);
  const onUnhealthy = reactionOf(asked.get("gantry.on-unhealthy"));
  return {
    ...(truthOf(asked.get("gantry.ephemeral")) ? { ephemeral: true } : {}),
    ...(onUnhealthy === "none" ? {} : { onUnhealthy }),
  };
}

/** The config with the engine-side probe that annotations ask for as its health check; throws `invalid`. */
export function withProbe(config: ContainerConfig, host: HostConfig): ContainerConfig {
  const test = testOf(askedOf(config, host));
  if (!test) return config;
  const own = config.Healthcheck?.Test ?? [];
  if (own.length > 0 && own.join("\0") !== test.join("\0")) {
    throw invalid(`conflicting options: a health check of its own and ${own[0] ?? ""} ${test.join(" ")}`);
  }
  const Healthcheck: HealthConfig = { ...config.Healthcheck, Test: test };
  return { ...config, Healthcheck };
}

function askedOf(config: ContainerConfig, host: HostConfig): Asked {
  const annotations = host.Annotations ?? {};
  const given = { ...config.Labels, ...annotations };
  const asked = new Map<Key, string>();
  for (const name of strangers(annotations)) {
    throw invalid(`unknown option ${name}: use one of ${keys.join(", ")}`, name);
  }
  for (const key of keys) if (given[key] !== undefined) asked.set(key, given[key]);
  return asked;
}

function testOf(asked: Asked): string[] | undefined {
  const http = asked.get("gantry.health-http");
  const tcp = asked.get("gantry.health-tcp");
  if (http !== undefined && tcp !== undefined) {
    throw invalid("conflicting options: gantry.health-http and gantry.health-tcp");
  }
  const test = http !== undefined ? ["HTTP", http] : tcp !== undefined ? ["TCP", tcp] : undefined;
  if (test) parseProbe(test);
  return test;
}

function truthOf(text: string | undefined): boolean {
  if (text === undefined || text === "false") return false;
  if (text === "true" || text === "") return true;
  throw invalid(`invalid value for gantry.ephemeral: "${text}": use true or false`, text);
}

function reactionOf(text: string | undefined): "restart" | "stop" | "none" {
  if (text === undefined || text === "none") return "none";
  if (text === "restart" || text === "stop") return text;
  throw invalid(`invalid value for gantry.on-unhealthy: "${text}": use restart, stop or none`, text);
}

function invalid(message: string, subject = ""): EngineError {
  return new EngineError("invalid", message, { subject });
}
