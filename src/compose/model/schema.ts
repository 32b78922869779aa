import {
  any,
  boolean,
  cast,
  check,
  either,
  listOf,
  mapOf,
  number,
  object,
  orNull,
  type Shape,
  scalar,
  text,
  word,
} from "./shape.ts";
import type { Dict } from "./tree.ts";

const name = /^[a-zA-Z0-9._-]+$/;
const texts = listOf(text);
const textOrTexts = either(text, texts);
/** `NAME=value` lines or a mapping. */
const listOrMap = either(mapOf(orNull(scalar)), listOf(text));
const bytes = either(number, text);
const numberOrText = either(number, text);
const external = either(boolean, object({ name: text }));

const extraHosts = either(texts, mapOf(either(text, texts)));
const ulimits = mapOf(either(number, object({ soft: number, hard: number })));
const fileReference = either(
  text,
  object({ source: text, target: text, uid: text, gid: text, mode: numberOrText }),
);

const build = either(
  text,
  object({
    context: text,
    dockerfile: text,
    dockerfile_inline: text,
    additional_contexts: listOrMap,
    args: listOrMap,
    cache_from: texts,
    cache_to: texts,
    entitlements: texts,
    extra_hosts: extraHosts,
    isolation: text,
    labels: listOrMap,
    network: text,
    no_cache: boolean,
    no_cache_filter: textOrTexts,
    platforms: texts,
    privileged: boolean,
    provenance: either(boolean, text),
    pull: boolean,
    sbom: either(boolean, text),
    secrets: listOf(fileReference),
    shm_size: bytes,
    ssh: listOrMap,
    tags: texts,
    target: text,
    ulimits,
  }),
);

const healthcheck = object({
  disable: boolean,
  interval: text,
  retries: number,
  start_interval: text,
  start_period: text,
  test: textOrTexts,
  timeout: text,
});

const updateConfig = object({
  delay: text,
  failure_action: text,
  max_failure_ratio: number,
  monitor: text,
  order: word("start-first", "stop-first"),
  parallelism: number,
});

const devicesWanted = listOf(
  object({ capabilities: texts, count: numberOrText, device_ids: texts, driver: text, options: listOrMap }),
);

const deploy = orNull(
  object({
    endpoint_mode: text,
    labels: listOrMap,
    mode: text,
    placement: object({ constraints: texts, max_replicas_per_node: number, preferences: any }),
    replicas: number,
    resources: object({
      limits: object({ cpus: numberOrText, memory: text, pids: number }),
      reservations: object({
        cpus: numberOrText,
        memory: text,
        devices: devicesWanted,
        generic_resources: any,
      }),
    }),
    restart_policy: object({ condition: text, delay: text, max_attempts: number, window: text }),
    rollback_config: updateConfig,
    update_config: updateConfig,
  }),
);

const dependsOn = either(
  texts,
  mapOf(
    object(
      {
        condition: word("service_started", "service_healthy", "service_completed_successfully"),
        required: boolean,
        restart: boolean,
      },
      "condition",
    ),
    name,
  ),
);

const serviceNetworks = either(
  texts,
  mapOf(
    orNull(
      object({
        aliases: texts,
        driver_opts: mapOf(scalar),
        gw_priority: number,
        interface_name: text,
        ipv4_address: text,
        ipv6_address: text,
        link_local_ips: texts,
        mac_address: text,
        priority: number,
      }),
    ),
    name,
  ),
);

const port = either(
  numberOrText,
  object(
    {
      app_protocol: text,
      host_ip: text,
      mode: text,
      name: text,
      protocol: text,
      published: numberOrText,
      target: numberOrText,
    },
    "target",
  ),
);

const volume = either(
  text,
  object(
    {
      bind: object({ create_host_path: boolean, propagation: text, recursive: text, selinux: text }),
      consistency: text,
      image: object({ subpath: text }),
      read_only: boolean,
      source: text,
      target: text,
      tmpfs: object({ mode: numberOrText, size: bytes }),
      type: word("bind", "volume", "tmpfs", "image", "npipe", "cluster"),
      volume: object({ labels: listOrMap, nocopy: boolean, subpath: text }),
    },
    "type",
  ),
);

const envFile = either(
  text,
  listOf(either(text, object({ format: text, path: text, required: boolean }, "path"))),
);

const hook = listOf(any);

const service = object({
  annotations: listOrMap,
  attach: boolean,
  blkio_config: any,
  build,
  cap_add: texts,
  cap_drop: texts,
  cgroup: word("host", "private"),
  cgroup_parent: text,
  command: orNull(textOrTexts),
  configs: listOf(fileReference),
  container_name: text,
  cpu_count: numberOrText,
  cpu_percent: numberOrText,
  cpu_period: numberOrText,
  cpu_quota: numberOrText,
  cpu_rt_period: numberOrText,
  cpu_rt_runtime: numberOrText,
  cpu_shares: numberOrText,
  cpus: numberOrText,
  cpuset: text,
  credential_spec: any,
  depends_on: dependsOn,
  deploy,
  develop: any,
  device_cgroup_rules: texts,
  devices: listOf(either(text, object({ permissions: text, source: text, target: text }, "source"))),
  dns: textOrTexts,
  dns_opt: texts,
  dns_search: textOrTexts,
  domainname: text,
  entrypoint: orNull(textOrTexts),
  env_file: envFile,
  environment: listOrMap,
  expose: listOf(numberOrText),
  extends: either(text, object({ file: text, service: text }, "service")),
  external_links: texts,
  extra_hosts: extraHosts,
  gpus: any,
  group_add: listOf(numberOrText),
  healthcheck,
  hostname: text,
  image: text,
  init: boolean,
  ipc: text,
  isolation: text,
  label_file: textOrTexts,
  labels: listOrMap,
  links: texts,
  logging: object({ driver: text, options: mapOf(orNull(scalar)) }),
  mac_address: text,
  mem_limit: bytes,
  mem_reservation: bytes,
  mem_swappiness: numberOrText,
  memswap_limit: bytes,
  models: any,
  network_mode: text,
  networks: serviceNetworks,
  oom_kill_disable: boolean,
  oom_score_adj: numberOrText,
  pid: orNull(text),
  pids_limit: numberOrText,
  platform: text,
  ports: listOf(port),
  post_start: hook,
  pre_start: hook,
  pre_stop: hook,
  privileged: boolean,
  profiles: texts,
  provider: any,
  pull_policy: text,
  pull_refresh_after: text,
  read_only: boolean,
  restart: text,
  runtime: text,
  scale: number,
  secrets: listOf(fileReference),
  security_opt: texts,
  shm_size: bytes,
  stdin_open: boolean,
  stop_grace_period: text,
  stop_signal: text,
  storage_opt: any,
  sysctls: listOrMap,
  tmpfs: textOrTexts,
  tty: boolean,
  ulimits,
  use_api_socket: boolean,
  user: numberOrText,
  userns_mode: text,
  uts: text,
  volumes: listOf(volume),
  volumes_from: texts,
  working_dir: text,
});

const network = orNull(
  object({
    attachable: boolean,
    driver: text,
    driver_opts: mapOf(scalar),
    enable_ipv4: boolean,
    enable_ipv6: boolean,
    external,
    internal: boolean,
    ipam: object({
      config: listOf(object({ aux_addresses: mapOf(text), gateway: text, ip_range: text, subnet: text })),
      driver: text,
      options: mapOf(text),
    }),
    labels: listOrMap,
    name: text,
  }),
);

const topVolume = orNull(
  object({ driver: text, driver_opts: mapOf(scalar), external, labels: listOrMap, name: text }),
);

const secret = object({
  driver: text,
  driver_opts: mapOf(scalar),
  environment: text,
  external,
  file: text,
  labels: listOrMap,
  name: text,
  template_driver: text,
});

const config = object({
  content: text,
  environment: text,
  external,
  file: text,
  labels: listOrMap,
  name: text,
  template_driver: text,
});

const composeFile: Shape = object({
  configs: mapOf(config, name),
  include: listOf(
    either(text, object({ env_file: textOrTexts, path: textOrTexts, project_directory: text })),
  ),
  models: mapOf(any, name),
  name: text,
  networks: mapOf(network, name),
  secrets: mapOf(secret, name),
  services: mapOf(service, name),
  version: scalar,
  volumes: mapOf(topVolume, name),
});

/**
 * The file with values of the kinds that their keys want. Throws the first mistake: an unknown key or a wrong kind of
 * value, with place and path.
 */
export function checkSchema(tree: Dict): Dict {
  check(tree, composeFile);
  const typed = cast(tree, composeFile);
  return typed.kind === "dict" ? typed : tree;
}
