import { containerConfig, stopTimeout } from "./decode-container.ts";
import { hostConfig } from "./decode-host.ts";
import { serviceMounts } from "./decode-mounts.ts";
import { defined, type Fields, fields, fieldsOf } from "./fields.ts";
import { hashOf } from "./hash.ts";
import type {
  BuildSpec,
  Condition,
  Dependency,
  ProjectNetwork,
  ProjectVolume,
  Service,
  ServiceMount,
  ServiceNetwork,
} from "./project.ts";
import { changeEntry, type Dict, dictAt, entriesAt, toPlain, without } from "./tree.ts";

/** A second, in nanoseconds: most programs that cannot start have failed by then, and most others listen. */
const defaultSettle = 1e9;

/** The service `name` of a complete tree. */
export function decodeService(name: string, tree: Dict, project: Dict): Service {
  const service = fields(tree, ["services", name]);
  const update = service.under("deploy").under("update_config");
  const mounts = serviceMounts(service, project);
  return {
    name,
    ...defined({
      image: service.text("image"),
      build: service.has("build") ? buildSpec(service.under("build")) : undefined,
      pullPolicy: pullPolicy(service),
      platform: service.text("platform"),
      containerName: service.text("container_name"),
      networkMode: service.text("network_mode"),
      stopTimeout: stopTimeout(service),
      stopSignal: service.text("stop_signal"),
    }),
    scale: service.number("scale") ?? service.under("deploy").number("replicas") ?? 1,
    dependsOn: dependencies(service),
    networks: serviceNetworks(service),
    mounts,
    config: { ...containerConfig(service), Labels: service.map("labels") },
    hostConfig: hostConfig(service),
    update: {
      order: update.text("order") === "start-first" ? "start-first" : "stop-first",
      parallelism: update.number("parallelism") ?? 1,
      settle: Math.max(update.duration("monitor") ?? defaultSettle, update.duration("delay") ?? 0) / 1e6,
    },
    healthcheck: service.has("healthcheck") && service.under("healthcheck").flag("disable") !== true,
    attach: service.flag("attach") ?? true,
    profiles: service.texts("profiles"),
    hash: serviceHash(tree, mounts),
  };
}

/** Changes of these keys leave running containers as they are. */
const outsideHash = ["build", "pull_policy", "scale", "depends_on", "profiles", "attach", "develop"] as const;

function serviceHash(tree: Dict, mounts: readonly ServiceMount[]): string {
  const plain = changeEntry(without(tree, ...outsideHash), "deploy", (deploy) =>
    deploy.kind === "dict" ? without(deploy, "replicas", "update_config", "rollback_config") : deploy,
  );
  const deploy = dictAt(plain, "deploy");
  // Host paths of secrets and configs stand outside of the service.
  const sources = mounts.flatMap(({ kind, spec }) => (kind === "host" ? [spec.Source ?? ""] : []));
  return hashOf({
    service: toPlain(deploy?.entries.size === 0 ? without(plain, "deploy") : plain),
    sources,
  });
}

function buildSpec(build: Fields): BuildSpec {
  return {
    context: build.text("context") ?? ".",
    dockerfile: build.text("dockerfile") ?? "Dockerfile",
    args: Object.fromEntries(
      entriesAt(build.tree, "args").map(([name, value]) => [
        name,
        value.kind === "leaf" && value.value !== null ? String(value.value) : null,
      ]),
    ),
    labels: build.map("labels"),
    tags: build.texts("tags"),
    noCache: build.flag("no_cache") ?? false,
    pull: build.flag("pull") ?? false,
    extraHosts: build.texts("extra_hosts").map((line) => line.replace("=", ":")),
    ...defined({
      inline: build.text("dockerfile_inline"),
      target: build.text("target"),
      network: build.text("network"),
      shmSize: build.bytes("shm_size"),
    }),
  };
}

function dependencies(service: Fields): Dependency[] {
  return entriesAt(service.tree, "depends_on").map(([name, tree]) => {
    const given = fields(tree, [...service.path, "depends_on", name]);
    return {
      service: name,
      condition: conditionOf(given.text("condition")),
      restart: given.flag("restart") ?? false,
      required: given.flag("required") ?? true,
    };
  });
}

function conditionOf(text: string | undefined): Condition {
  return text === "service_healthy" || text === "service_completed_successfully" ? text : "service_started";
}

function pullPolicy(service: Fields): string | undefined {
  const text = service.text("pull_policy");
  if (text === undefined || ["always", "never", "missing", "if_not_present", "build"].includes(text))
    return text;
  const later = /^(daily|weekly|every_.+|refresh)$/.test(text);
  throw service.wrong(
    "pull_policy",
    later ? `'${text}' is not supported yet` : `has an invalid value '${text}'`,
  );
}

/** The networks that a service joins, the one of the highest priority first: it gives the container its way out. */
function serviceNetworks(service: Fields): ServiceNetwork[] {
  const all = entriesAt(service.tree, "networks").map(([name, tree]) => ({
    name,
    given: fields(tree, [...service.path, "networks", name]),
  }));
  all.sort((a, b) => (b.given.number("priority") ?? 0) - (a.given.number("priority") ?? 0));
  return all.map(({ name, given }, index) => {
    const own = index === 0 ? service.text("mac_address") : undefined;
    return {
      network: name,
      aliases: given.texts("aliases"),
      linkLocalAddresses: given.texts("link_local_ips"),
      driverOptions: given.map("driver_opts"),
      ...defined({
        ipv4Address: given.text("ipv4_address"),
        ipv6Address: given.text("ipv6_address"),
        macAddress: given.text("mac_address") ?? own,
        gatewayPriority: given.number("gw_priority"),
      }),
    };
  });
}

/** The networks of a complete tree, by key. */
export function decodeNetworks(tree: Dict): Map<string, ProjectNetwork> {
  return new Map(fieldsOf(tree, "networks").map(([key, given]) => [key, decodeNetwork(key, given)]));
}

function decodeNetwork(key: string, given: Fields): ProjectNetwork {
  const ipam = given.under("ipam");
  return {
    key,
    name: given.text("name") ?? key,
    external: given.flag("external") ?? false,
    driverOptions: given.map("driver_opts"),
    internal: given.flag("internal") ?? false,
    attachable: given.flag("attachable") ?? false,
    labels: given.map("labels"),
    ipam: {
      pools: ipam.items("config").map((pool) => ({
        reserved: pool.map("aux_addresses"),
        ...defined({
          subnet: pool.text("subnet"),
          range: pool.text("ip_range"),
          gateway: pool.text("gateway"),
        }),
      })),
      options: ipam.map("options"),
      ...defined({ driver: ipam.text("driver") }),
    },
    hash: hashOf(given.tree === undefined ? {} : toPlain(given.tree)),
    ...defined({
      driver: given.text("driver"),
      enableIpv4: given.flag("enable_ipv4"),
      enableIpv6: given.flag("enable_ipv6"),
    }),
  };
}

/** The volumes of a complete tree, by key. */
export function decodeVolumes(tree: Dict): Map<string, ProjectVolume> {
  return new Map(
    fieldsOf(tree, "volumes").map(([key, given]) => [
      key,
      {
        key,
        name: given.text("name") ?? key,
        external: given.flag("external") ?? false,
        driverOptions: given.map("driver_opts"),
        labels: given.map("labels"),
        hash: hashOf(given.tree === undefined ? {} : toPlain(given.tree)),
        ...defined({ driver: given.text("driver") }),
      },
    ]),
  );
}
