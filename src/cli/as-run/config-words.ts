import type { ContainerConfig, ContainerInspect, HealthConfig } from "../../wire/index.ts";
import { durationWord, flag, flags, type Option, pairs, type RunWords, toggle } from "./flag-words.ts";

/** What an image says of the containers made from it. */
export type ImageDefaults = Pick<
  ContainerConfig,
  | "User"
  | "WorkingDir"
  | "Env"
  | "Cmd"
  | "Entrypoint"
  | "Labels"
  | "ExposedPorts"
  | "Volumes"
  | "StopSignal"
  | "Healthcheck"
>;

/** Flags for the process, its terminal and its check; what the image says anyway is left out. */
export function configWords(container: ContainerInspect, image: ImageDefaults): RunWords {
  const { Config: config } = container;
  const check = healthWords(config.Healthcheck, {
    image: image.Healthcheck,
    asked: isAskedElsewhere(container),
  });
  const published = new Set(Object.keys(container.HostConfig.PortBindings ?? {}));
  const exposed = newKeys(config.ExposedPorts, image.ExposedPorts).filter((port) => !published.has(port));
  return {
    words: [
      ...streamWords(config),
      ...(config.Hostname === container.Id.slice(0, 12) || isBorrowed(container)
        ? []
        : flag("hostname", config.Hostname)),
      ...flag("domainname", config.Domainname),
      ...(config.User === (image.User ?? "") ? [] : flag("user", config.User)),
      ...(config.WorkingDir === (image.WorkingDir ?? "") ? [] : flag("workdir", config.WorkingDir)),
      ...flags("env", changedVariables(config.Env ?? [], image.Env ?? [])),
      ...flags("label", changedLabels(config, image)),
      ...flags("expose", exposed),
      ...flags("volume", newKeys(config.Volumes, image.Volumes)),
      ...(config.StopSignal === image.StopSignal ? [] : flag("stop-signal", config.StopSignal)),
      ...(typeof config.StopTimeout === "number"
        ? [["--stop-timeout", String(config.StopTimeout)] as const]
        : []),
      ...check.words,
    ],
    lost: [...check.lost, ...(config.NetworkDisabled ? ["NetworkDisabled has no flag"] : [])],
  };
}

/** The entrypoint flag, and the words after the image. */
export function commandWords(
  config: ContainerConfig,
  image: ImageDefaults,
): { readonly entrypoint: Option[]; readonly command: string[] } {
  const same = equalLists(config.Entrypoint, image.Entrypoint);
  if (same) {
    return { entrypoint: [], command: equalLists(config.Cmd, image.Cmd) ? [] : [...(config.Cmd ?? [])] };
  }
  const [program = "", ...rest] = config.Entrypoint ?? [];
  return { entrypoint: [["--entrypoint", program]], command: [...rest, ...(config.Cmd ?? [])] };
}

function streamWords(config: ContainerConfig): Option[] {
  const attached = config.AttachStdin || config.AttachStdout || config.AttachStderr;
  const usual = config.AttachStdout && config.AttachStderr && config.AttachStdin === config.OpenStdin;
  const some = (["Stdin", "Stdout", "Stderr"] as const).filter((name) => config[`Attach${name}`]);
  return [
    ...toggle("detach", !attached),
    ...toggle("interactive", config.OpenStdin),
    ...toggle("tty", config.Tty),
    ...(attached && !usual
      ? flags(
          "attach",
          some.map((name) => name.toLowerCase()),
        )
      : []),
  ];
}

/** A container on another's or the host's names has that one's host name. */
function isBorrowed({ HostConfig: host }: ContainerInspect): boolean {
  return (
    host.NetworkMode === "host" ||
    host.UTSMode === "host" ||
    (host.NetworkMode ?? "").startsWith("container:")
  );
}

/** An engine-side probe comes with the annotation or label that asked for it. */
function isAskedElsewhere({ HostConfig, Config }: ContainerInspect): boolean {
  const asked = { ...Config.Labels, ...HostConfig.Annotations };
  return "gantry.health-http" in asked || "gantry.health-tcp" in asked;
}

function changedVariables(own: readonly string[], image: readonly string[]): string[] {
  const name = (entry: string): string => entry.slice(0, entry.indexOf("="));
  const kept = new Set(own.map(name));
  const removed = image.map(name).filter((variable) => !kept.has(variable));
  return [...own.filter((entry) => !image.includes(entry)), ...removed];
}

function changedLabels(config: ContainerConfig, image: ImageDefaults): string[] {
  const own = Object.entries(config.Labels ?? {}).filter(([key, value]) => image.Labels?.[key] !== value);
  return pairs(Object.fromEntries(own));
}

function newKeys(own: object | null | undefined, image: object | null | undefined): string[] {
  const known = new Set(Object.keys(image ?? {}));
  return Object.keys(own ?? {}).filter((key) => !known.has(key));
}

function healthWords(
  own: HealthConfig | null | undefined,
  { image, asked }: { readonly image: HealthConfig | null | undefined; readonly asked: boolean },
): RunWords {
  if (!own) return { words: [], lost: [] };
  const test =
    equalLists(own.Test, image?.Test) || asked ? { words: [], lost: [] } : testWords(own.Test ?? []);
  if (test.words.some(([name]) => name === "--no-healthcheck")) return test;
  const changed = <K extends "Interval" | "Timeout" | "StartPeriod" | "StartInterval" | "Retries">(key: K) =>
    (own[key] ?? 0) === (image?.[key] ?? 0) ? undefined : own[key];
  const timing = [
    ...flag("health-interval", durationWord(changed("Interval"))),
    ...flag("health-timeout", durationWord(changed("Timeout"))),
    ...flag("health-start-period", durationWord(changed("StartPeriod"))),
    ...flag("health-start-interval", durationWord(changed("StartInterval"))),
    ...flag("health-retries", changed("Retries")),
  ];
  return { words: [...test.words, ...timing], lost: test.lost };
}

function testWords([kind, ...words]: readonly string[]): RunWords {
  const [text = ""] = words;
  switch (kind) {
    case "NONE":
      return { words: [["--no-healthcheck"]], lost: [] };
    case "CMD-SHELL":
      return { words: flag("health-cmd", text), lost: [] };
    case "HTTP":
    case "TCP":
      return { words: flag(`health-${kind.toLowerCase()}`, text), lost: [] };
    case "CMD":
      return {
        words: [],
        lost: ["a health check as a list of words (CMD) has no flag: --health-cmd runs a shell"],
      };
    default:
      return { words: [], lost: [] };
  }
}

function equalLists(
  a: readonly string[] | null | undefined,
  b: readonly string[] | null | undefined,
): boolean {
  const [left, right] = [a ?? [], b ?? []];
  return left.length === right.length && left.every((word, at) => word === right[at]);
}
