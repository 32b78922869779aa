import { EngineError } from "../base/index.ts";
import type { ImageRunConfig } from "../oci/index.ts";
import type { ContainerConfig, HealthConfig } from "../wire/index.ts";

/**
 * The config a container runs with: what the user asked for, the image's defaults elsewhere. An entrypoint of
 * the user drops the image's command. Throws `invalid` when nothing names a command.
 */
export function mergeConfig(user: ContainerConfig, image: ImageRunConfig, id: string): ContainerConfig {
  const merged: ContainerConfig = {
    ...withDefaults(user),
    Hostname: user.Hostname || id.slice(0, 12),
    User: user.User || image.User || "",
    Env: mergeEnv(image.Env ?? [], user.Env ?? []),
    ...mergeCommand(user, image),
    WorkingDir: user.WorkingDir || image.WorkingDir || "",
    Labels: { ...image.Labels, ...user.Labels },
    Volumes: orNull({ ...image.Volumes, ...user.Volumes }),
    OnBuild: image.OnBuild ? [...image.OnBuild] : null,
    ...optional("ExposedPorts", orNull({ ...image.ExposedPorts, ...user.ExposedPorts })),
    ...optional("StopSignal", user.StopSignal || image.StopSignal),
    ...optional("Shell", user.Shell ?? (image.Shell ? [...image.Shell] : undefined)),
    ...optional("Healthcheck", mergeHealth(user.Healthcheck, image.Healthcheck)),
  };
  if (commandLine(merged).length === 0) {
    throw new EngineError("invalid", "no command specified", { subject: id });
  }
  return merged;
}

function withDefaults(user: ContainerConfig): ContainerConfig {
  const flags = { AttachStdin: false, AttachStdout: false, AttachStderr: false };
  return { ...flags, Tty: false, OpenStdin: false, StdinOnce: false, Domainname: "", Image: "", ...user };
}

/** An absent entrypoint inherits the image's; any entrypoint of the user drops the image's command. */
function mergeCommand(
  user: ContainerConfig,
  image: ImageRunConfig,
): Pick<ContainerConfig, "Cmd" | "Entrypoint"> {
  const ownEntrypoint = (user.Entrypoint?.length ?? 0) > 0;
  const ownCommand = (user.Cmd?.length ?? 0) > 0;
  const entrypoint = user.Entrypoint ?? image.Entrypoint;
  const command = ownCommand || ownEntrypoint ? user.Cmd : image.Cmd;
  return {
    Cmd: command ? [...command] : null,
    Entrypoint: entrypoint?.length ? [...entrypoint] : null,
  };
}

function optional<K extends string, V>(key: K, value: V | null | undefined): { [P in K]?: V } {
  const found: { [P in K]?: V } = {};
  if (value !== null && value !== undefined && value !== "") found[key] = value;
  return found;
}

/** Program and arguments: entrypoint, then command; `[""]` as entrypoint means none. */
export function commandLine(config: ContainerConfig): string[] {
  const entrypoint = config.Entrypoint ?? [];
  const head = entrypoint.length === 1 && entrypoint[0] === "" ? [] : entrypoint;
  return [...head, ...(config.Cmd ?? [])];
}

/** `over` wins by key over `base`; a bare `KEY` takes the variable away. Order: base first, as Docker keeps it. */
export function mergeEnv(base: readonly string[], over: readonly string[]): string[] {
  const replaced = new Map(over.map((entry) => [keyOf(entry), entry]));
  const kept = base.filter((entry) => !replaced.has(keyOf(entry)));
  return [...kept, ...[...replaced.values()].filter((entry) => entry.includes("="))];
}

function keyOf(entry: string): string {
  const cut = entry.indexOf("=");
  return cut < 0 ? entry : entry.slice(0, cut);
}

function orNull<T extends object>(value: T): T | null {
  return Object.keys(value).length > 0 ? value : null;
}

function mergeHealth(
  user: HealthConfig | null | undefined,
  image: ImageRunConfig["Healthcheck"],
): HealthConfig | undefined {
  if (!user) return image ? { ...image, Test: [...(image.Test ?? [])] } : undefined;
  if (!image) return user;
  const pick = (own: number | undefined, other: number | undefined) => (own ? own : (other ?? 0));
  return {
    Test: user.Test?.length ? user.Test : [...(image.Test ?? [])],
    Interval: pick(user.Interval, image.Interval),
    Timeout: pick(user.Timeout, image.Timeout),
    StartPeriod: pick(user.StartPeriod, image.StartPeriod),
    StartInterval: pick(user.StartInterval, image.StartInterval),
    Retries: pick(user.Retries, image.Retries),
  };
}
