import { chmod, mkdir } from "node:fs/promises";
import { hostname } from "node:os";
import { EngineError, newID, settleAll } from "../base/index.ts";
import type { Image } from "../image/index.ts";
import { grantWarnings } from "../runtime/index.ts";
import { removeTree } from "../sys/index.ts";
import type { ContainerConfig, EndpointSettings, HostConfig } from "../wire/index.ts";
import { type Collaborators, homeOf, logDirectory } from "./collaborators.ts";
import { completeHost } from "./complete-host.ts";
import { mergeConfig } from "./config.ts";
import { checkEndpoints } from "./endpoint-options.ts";
import { type Extensions, extensionWarnings, readExtensions, withProbe } from "./extensions.ts";
import { announceContainer } from "./facts.ts";
import { grantsOf } from "./grants.ts";
import { checkHealth } from "./health-plan.ts";
import { checkPlatform } from "./image-platform.ts";
import { fitLimits } from "./limits/index.ts";
import { checkTag } from "./log-marks.ts";
import { checkJournal } from "./logs.ts";
import { imageSnapshots, resolveMounts } from "./mounts.ts";
import { parseName, randomName } from "./name.ts";
import { checkNetworkConflicts } from "./network-conflicts.ts";
import { isSpecialMode, planNetwork } from "./network-plan.ts";
import { confinementWarnings, readSecurity } from "./security.ts";
import { initialState } from "./state.ts";
import { checkStorageOptions } from "./storage-options.ts";
import type { ContainerRecord, MountRecord } from "./types.ts";
import { validateConfig } from "./validate.ts";
import { prepareLayer } from "./writable-layer.ts";

export interface CreateRequest {
  /** Empty: a random one. */
  readonly name: string;
  readonly config: ContainerConfig;
  readonly hostConfig: HostConfig;
  readonly endpoints: Readonly<Record<string, EndpointSettings | null>>;
  /** `os[/architecture]` that the image must be of; absent or empty: whatever it is. */
  readonly platform?: string;
}

type Needs = Pick<
  Collaborators,
  | "store"
  | "images"
  | "snapshots"
  | "volumes"
  | "announce"
  | "paths"
  | "runtime"
  | "abilities"
  | "step"
  | "logs"
>;

/**
 * Makes a container: checks everything, then writable layer, files, volumes, and last the record. On failure
 * nothing stays behind. Throws `not-found` for the image, `conflict` for the name, `invalid` for the config.
 */
export async function createContainer(
  needs: Needs,
  request: CreateRequest,
): Promise<{ id: string; warnings: string[] }> {
  const id = newID();
  const name = request.name
    ? parseName(request.name)
    : randomName((n) => needs.store.nameHolder(n) !== undefined);
  const image = needs.images.get(request.config.Image || missingImage());
  // Most containers are started as soon as they are made.
  needs.runtime.expectProcess();
  const extensions = readExtensions(request.config, request.hostConfig);
  const asked = withProbe(request.config, request.hostConfig);
  const fitted = fitLimits(completeHost(request.hostConfig, needs), needs.abilities.limits, {
    update: false,
  });
  const hostConfig = fitted.limits;
  const warnings = [
    ...checkPlatform(image, { name: request.config.Image ?? "", platform: request.platform ?? "" }),
    ...fitted.warnings,
    ...validateConfig(asked, hostConfig),
    ...checkHealth(asked.Healthcheck),
    ...extensionWarnings(request.config),
    ...checkEndpoints(request.endpoints),
    ...grantWarnings(grantsOf(hostConfig), needs.abilities),
    ...confinementWarnings(readSecurity(hostConfig.SecurityOpt ?? []), needs.abilities),
  ];
  const exposedByImage = image.config.config?.ExposedPorts ?? {};
  checkNetworkConflicts({ config: asked, host: hostConfig, endpoints: request.endpoints, exposedByImage });
  const config = mergeConfig(withHostname(asked, hostConfig), image.config.config ?? {}, id);
  const endpoints = checkNetworks(hostConfig, request.endpoints);
  checkTag({ id, name, image: image.id, config, hostConfig });
  checkStorageOptions(hostConfig, needs.snapshots);
  await checkJournal(hostConfig.LogConfig?.Type ?? "", needs.logs.journal);
  using _name = needs.store.reserveName(name, id);
  const record = await build(needs, { id, name, image, config, hostConfig, endpoints, extensions });
  announceContainer(needs.announce, record, "create");
  return { id, warnings };
}

async function build(
  needs: Needs,
  parts: {
    id: string;
    name: string;
    image: Image;
    config: ContainerConfig;
    hostConfig: HostConfig;
    endpoints: Record<string, EndpointSettings>;
    extensions: Extensions;
  },
): Promise<ContainerRecord> {
  const { id, name, image, config, hostConfig, endpoints, extensions } = parts;
  const home = homeOf(needs.paths, id);
  let mounts: readonly MountRecord[] = [];
  try {
    await settleAll([prepareLayer(needs, { id, chainID: image.chainID, hostConfig }), makeHome(needs, id)]);
    needs.step("create:home-made");
    mounts = await resolveMounts(needs, id, { config, host: hostConfig });
    needs.step("create:volumes-made");
    const record: ContainerRecord = {
      version: 1,
      id,
      name,
      created: new Date().toISOString(),
      image: image.id,
      chainID: image.chainID,
      config,
      hostConfig,
      endpoints,
      mounts,
      ...(Object.keys(extensions).length > 0 ? { extensions } : {}),
      state: initialState,
    };
    needs.store.put(record);
    for (const { name: volume } of mounts) if (volume !== undefined) needs.volumes.keep(volume);
    return record;
  } catch (error) {
    for (const key of [id, ...imageSnapshots(mounts)]) await needs.snapshots.remove(key).catch(() => {});
    await removeTree(home);
    throw error;
  }
}

async function makeHome({ paths }: Pick<Needs, "paths">, id: string): Promise<void> {
  await mkdir(logDirectory(paths, id), { recursive: true, mode: 0o700 });
  await chmod(homeOf(paths, id), 0o710);
}

function withHostname(config: ContainerConfig, host: HostConfig): ContainerConfig {
  const borrowed = host.NetworkMode === "host" || host.UTSMode === "host";
  // The host's own name is what inspect shows of such a container, so it may be given back.
  if (host.UTSMode === "host" && config.Hostname && config.Hostname !== hostname()) {
    throw new EngineError("invalid", "conflicting options: hostname and the UTS mode", { subject: "" });
  }
  return borrowed && !config.Hostname ? { ...config, Hostname: hostname() } : config;
}

function checkNetworks(
  host: HostConfig,
  requested: Readonly<Record<string, EndpointSettings | null>>,
): Record<string, EndpointSettings> {
  const mode = host.NetworkMode ?? "bridge";
  const plan = planNetwork(mode, requested);
  if (isSpecialMode(mode) || plan.kind !== "networks") return {};
  return Object.fromEntries(plan.endpoints.map(({ network, settings }) => [network, settings]));
}

function missingImage(): never {
  throw new EngineError(
    "invalid",
    "Config.Image must not be empty: an image is needed to create a container",
    {
      subject: "",
    },
  );
}
