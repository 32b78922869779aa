import type { ContainerConfig, ContainerCreateRequest } from "../../wire/index.ts";
import type { FlagValues } from "../flags/index.ts";
import { compact } from "./compact.ts";
import { readLabels, readVariables } from "./environment.ts";
import { parseHealth } from "./health.ts";
import { hostConfig } from "./host-config.ts";
import { parseNetworks } from "./networks.ts";
import { parsePorts } from "./ports.ts";
import { parseStreams, type Streams } from "./streams.ts";
import type { ConfigSurroundings } from "./surroundings.ts";
import { parseVolumes } from "./volumes.ts";

/** What `run` and `create` flags and arguments come to. */
export interface ContainerPlan {
  readonly request: ContainerCreateRequest;
  readonly streams: Streams;
}

/**
 * Turns flags and arguments (image, command) into what the engine's create call takes. Fields that nobody set are
 * left out. Throws in Docker's words.
 */
export async function planContainer(
  at: ConfigSurroundings,
  flags: FlagValues,
  call: { readonly args: readonly string[]; readonly detached: boolean },
): Promise<ContainerPlan> {
  checkSystem(flags);
  checkImageFlags(flags);
  const streams = parseStreams(flags);
  const ports = parsePorts(flags.list("publish"), flags.list("expose"));
  const volumes = parseVolumes(flags.list("volume"), at.directory);
  const networks = parseNetworks(flags);
  const [image = "", ...command] = call.args;
  const config = compact<ContainerConfig>({
    ...identity(flags),
    ...terminal(flags, streams, !call.detached),
    Image: image,
    Cmd: command,
    Env: await readVariables(at, { files: flags.list("env-file"), given: flags.list("env") }),
    Labels: await readLabels(at, { files: flags.list("label-file"), given: flags.list("label") }),
    ExposedPorts: ports.exposed,
    Volumes: volumes.anonymous,
    Healthcheck: parseHealth(flags),
  });
  const host = await hostConfig(at, flags, { ports, volumes, networkMode: networks.mode });
  const endpoints = networks.endpoints;
  const networking =
    Object.keys(endpoints).length === 0 ? {} : { NetworkingConfig: { EndpointsConfig: endpoints } };
  return { request: { ...config, HostConfig: host, ...networking }, streams };
}

function checkSystem(flags: FlagValues): void {
  const windows = ["cpu-count", "cpu-percent", "io-maxbandwidth", "io-maxiops"].find((name) =>
    flags.has(name),
  );
  if (windows === undefined) return;
  throw new Error(
    `"--${windows}" is only supported on a Docker daemon running on windows, but the Docker daemon is running on linux`,
  );
}

function checkImageFlags(flags: FlagValues): void {
  const pull = flags.text("pull");
  if (!["always", "missing", "never"].includes(pull)) {
    throw new Error(`invalid pull option: '${pull}': must be one of "always", "missing" or "never"`);
  }
  if (!flags.bool("disable-content-trust")) {
    throw new Error("content trust is not served: images are verified by their digests alone");
  }
}

function identity(flags: FlagValues): ContainerConfig {
  return compact<ContainerConfig>({
    Hostname: flags.text("hostname"),
    Domainname: flags.text("domainname"),
    User: flags.text("user"),
    WorkingDir: flags.text("workdir"),
    StopSignal: flags.text("stop-signal"),
    StopTimeout: flags.has("stop-timeout") ? flags.int("stop-timeout") : undefined,
    // An empty entrypoint takes the image's away.
    Entrypoint: flags.has("entrypoint") ? [flags.text("entrypoint")] : undefined,
  });
}

function terminal(flags: FlagValues, streams: Streams, attached: boolean): ContainerConfig {
  const open = flags.bool("interactive");
  return compact<ContainerConfig>({
    Tty: flags.bool("tty") || undefined,
    OpenStdin: open || undefined,
    StdinOnce: (open && attached) || undefined,
    AttachStdin: (attached && streams.stdin) || undefined,
    AttachStdout: (attached && streams.stdout) || undefined,
    AttachStderr: (attached && streams.stderr) || undefined,
  });
}
