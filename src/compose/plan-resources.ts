import { EngineError } from "../base/index.ts";
import type { NetworkCreateRequest, VolumeCreateRequest } from "../wire/index.ts";
import { networkName, volumeNames } from "./container-request.ts";
import type { Draft } from "./graph.ts";
import { label, networkLabels, volumeLabels } from "./labels.ts";
import type { Project, ProjectNetwork, ProjectVolume, Service } from "./model/index.ts";
import type { Observed, ObservedContainer } from "./observe.ts";

/** What the containers of a plan wait for, and what they can no longer count on. */
export interface Resources {
  /** Steps that make a network or volume, by its name in the engine. */
  readonly steps: ReadonlyMap<string, number>;
  /** Networks that are made anew: their containers must be, too. By name in the engine. */
  readonly renewed: ReadonlySet<string>;
  /** Containers that the plan has stopped already, with the step. */
  readonly stopped: ReadonlyMap<string, number>;
}

export interface ResourceOptions {
  readonly project: Project;
  readonly observed: Observed;
  readonly services: readonly Service[];
  readonly timeout?: number | undefined;
}

/**
 * Plans the networks and volumes that `services` use. Throws `not-found` when an external one is not there, `conflict`
 * when a name is taken by something that Compose did not make.
 */
export function planResources(draft: Draft, options: ResourceOptions): Resources {
  const { project, services } = options;
  const steps = new Map<string, number>();
  const renewed = new Set<string>();
  const stopped = new Map<string, number>();
  const networks = new Set(
    services.flatMap((service) => service.networks.map((use) => networkName(project, use))),
  );
  for (const network of project.networks.values()) {
    if (!networks.has(network.name)) continue;
    const step = planNetwork(draft, network, options, { renewed, stopped });
    if (step !== undefined) steps.set(network.name, step);
  }
  const volumes = new Set(services.flatMap((service) => volumeNames(project, service)));
  for (const volume of project.volumes.values()) {
    if (!volumes.has(volume.name)) continue;
    const step = planVolume(draft, volume, options);
    if (step !== undefined) steps.set(volume.name, step);
  }
  return { steps, renewed, stopped };
}

function planNetwork(
  draft: Draft,
  network: ProjectNetwork,
  { project, observed, timeout }: ResourceOptions,
  changes: { renewed: Set<string>; stopped: Map<string, number> },
): number | undefined {
  const found = observed.networks.get(network.name);
  const resource = `network:${network.key}`;
  const subject = `Network ${network.name}`;
  if (network.external) {
    if (found || ["host", "none", "bridge"].includes(network.name)) return undefined;
    throw missing(network.name, `network ${network.name} declared as external, but could not be found`);
  }
  const create = (cause: string, needs: readonly number[]): number =>
    draft.add({
      resource,
      operation: { kind: "CreateNetwork", request: networkRequest(project, network) },
      cause,
      needs,
      show: { subject, working: "Creating", done: "Created" },
    });
  if (found === undefined) return create("no existing network", []);
  const owner = found.Labels?.[label.network] ?? "";
  if (owner !== network.key) {
    throw new EngineError(
      "conflict",
      `network ${network.name} was found but has incorrect label ${label.network} set to "${owner}" (expected: "${network.key}")`,
      { subject: network.name },
    );
  }
  const hash = found.Labels?.[label.hash];
  if (hash === undefined || hash === network.hash) return undefined;
  changes.renewed.add(network.name);
  const stops = attached(observed, network.name).map((container) => {
    const step = draft.add(stopStep(container, `network ${network.name} changed`, timeout));
    changes.stopped.set(container.id, step);
    return step;
  });
  const remove = draft.add({
    resource,
    operation: { kind: "RemoveNetwork", name: network.name, id: found.Id },
    cause: "configuration changed",
    needs: stops,
    show: { subject, working: "Recreating", done: "Removed" },
  });
  return create("configuration changed", [remove]);
}

/** The step that stops a container. */
export function stopStep(container: ObservedContainer, cause: string, timeout: number | undefined) {
  return {
    resource: `service:${container.service}:${container.number}`,
    operation: {
      kind: "StopContainer",
      container: { ref: container.id, name: container.name },
      ...(timeout === undefined ? {} : { timeout }),
    },
    cause,
    show: { subject: `Container ${container.name}`, working: "Stopping", done: "Stopped" },
  } as const;
}

function attached(observed: Observed, network: string): ObservedContainer[] {
  return observed.containers.filter(
    ({ networks, state }) => networks.has(network) && ["running", "paused", "restarting"].includes(state),
  );
}

function planVolume(
  draft: Draft,
  volume: ProjectVolume,
  { project, observed }: ResourceOptions,
): number | undefined {
  const found = observed.volumes.get(volume.name);
  if (volume.external) {
    if (found) return undefined;
    throw missing(volume.name, `external volume "${volume.name}" not found`);
  }
  if (found === undefined) {
    return draft.add({
      resource: `volume:${volume.key}`,
      operation: { kind: "CreateVolume", request: volumeRequest(project, volume) },
      cause: "no existing volume",
      show: { subject: `Volume ${volume.name}`, working: "Creating", done: "Created" },
    });
  }
  const owner = found.Labels?.[label.project];
  const hash = found.Labels?.[label.hash];
  if (owner === undefined) {
    draft.warn(
      `volume "${volume.name}" already exists but was not created by Compose. Use \`external: true\` to use an existing volume`,
    );
  } else if (owner !== project.name) {
    draft.warn(
      `volume "${volume.name}" already exists but was created for project "${owner}" (expected "${project.name}"). Use \`external: true\` to use an existing volume`,
    );
  } else if (hash !== undefined && hash !== volume.hash) {
    draft.warn(
      `Volume "${volume.name}" exists but doesn't match configuration in compose file. It is used as it is: remove it to have it made anew (its data will be lost)`,
    );
  }
  return undefined;
}

function networkRequest(project: Project, network: ProjectNetwork): NetworkCreateRequest {
  const { ipam } = network;
  const configured = ipam.driver !== undefined || ipam.pools.length > 0;
  return {
    Name: network.name,
    CheckDuplicate: true,
    Driver: network.driver ?? "bridge",
    Internal: network.internal,
    Attachable: network.attachable,
    ...(network.enableIpv4 === undefined ? {} : { EnableIPv4: network.enableIpv4 }),
    ...(network.enableIpv6 === undefined ? {} : { EnableIPv6: network.enableIpv6 }),
    ...(configured
      ? {
          IPAM: {
            Driver: ipam.driver ?? "default",
            Options: ipam.options,
            Config: ipam.pools.map(({ subnet, range, gateway, reserved }) => ({
              ...(subnet === undefined ? {} : { Subnet: subnet }),
              ...(range === undefined ? {} : { IPRange: range }),
              ...(gateway === undefined ? {} : { Gateway: gateway }),
              ...(Object.keys(reserved).length === 0 ? {} : { AuxiliaryAddresses: reserved }),
            })),
          },
        }
      : {}),
    ...(Object.keys(network.driverOptions).length === 0 ? {} : { Options: network.driverOptions }),
    Labels: networkLabels(project, network),
  };
}

function volumeRequest(project: Project, volume: ProjectVolume): VolumeCreateRequest & { Name: string } {
  return {
    Name: volume.name,
    ...(volume.driver === undefined ? {} : { Driver: volume.driver }),
    ...(Object.keys(volume.driverOptions).length === 0 ? {} : { DriverOpts: volume.driverOptions }),
    Labels: volumeLabels(project, volume),
  };
}

function missing(name: string, message: string): EngineError {
  return new EngineError("not-found", message, { subject: name });
}
