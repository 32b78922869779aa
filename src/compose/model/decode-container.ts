import type { ContainerConfig, HealthConfig } from "../../wire/index.ts";
import { defined, type Fields } from "./fields.ts";
import { isNull } from "./tree.ts";

/** The part of `Config` that a service fixes for all of its containers. */
export function containerConfig(service: Fields): ContainerConfig {
  const environment = Object.entries(service.map("environment"));
  const exposed = exposedPorts(service);
  return defined({
    Hostname: service.text("hostname"),
    Domainname: service.text("domainname"),
    User: service.text("user"),
    WorkingDir: service.text("working_dir"),
    Tty: service.flag("tty"),
    OpenStdin: service.flag("stdin_open"),
    Cmd: wordsOrNothing(service, "command"),
    Entrypoint: cleared(wordsOrNothing(service, "entrypoint")),
    Env: environment.length === 0 ? undefined : environment.map(([name, value]) => `${name}=${value}`).sort(),
    ExposedPorts: Object.keys(exposed).length === 0 ? undefined : exposed,
    Healthcheck: healthcheck(service),
    StopSignal: service.text("stop_signal"),
    StopTimeout: stopTimeout(service),
  });
}

/** Seconds of `stop_grace_period`, rounded up. */
export function stopTimeout(service: Fields): number | undefined {
  const nanoseconds = service.duration("stop_grace_period");
  return nanoseconds === undefined ? undefined : Math.ceil(nanoseconds / 1e9);
}

function wordsOrNothing(service: Fields, key: string): string[] | undefined {
  const value = service.tree?.kind === "dict" ? service.tree.entries.get(key) : undefined;
  return value === undefined || isNull(value) ? undefined : service.texts(key);
}

/** The API takes one empty word for "no entrypoint, not even the image's". */
function cleared(words: string[] | undefined): string[] | undefined {
  return words?.length === 0 ? [""] : words;
}

function exposedPorts(service: Fields): Record<string, object> {
  const exposed: Record<string, object> = {};
  for (const text of service.texts("expose")) {
    const match = /^(\d+)(?:-(\d+))?(?:\/(tcp|udp|sctp))?$/.exec(text);
    if (!match) throw service.wrong("expose", `has an invalid port '${text}'`);
    for (let port = Number(match[1]); port <= Number(match[2] ?? match[1]); port += 1) {
      exposed[`${port}/${match[3] ?? "tcp"}`] = {};
    }
  }
  for (const port of service.items("ports")) {
    exposed[`${port.text("target")}/${port.text("protocol")}`] = {};
  }
  return exposed;
}

function healthcheck(service: Fields): HealthConfig | undefined {
  if (!service.has("healthcheck")) return undefined;
  const check = service.under("healthcheck");
  if (check.flag("disable")) return { Test: ["NONE"] };
  return defined({
    Test: check.has("test") ? check.texts("test") : undefined,
    Interval: check.duration("interval"),
    Timeout: check.duration("timeout"),
    StartPeriod: check.duration("start_period"),
    StartInterval: check.duration("start_interval"),
    Retries: check.number("retries"),
  });
}
