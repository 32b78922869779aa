import { mistake } from "./error.ts";
import { type Dict, entriesAt, entry, formatPath, type Path, pathMatches, type Tree } from "./tree.ts";

/** Known keys that would change what runs and that Gantry cannot honour: refused rather than left out. */
const refused: readonly string[] = [
  "models",
  "services.*.blkio_config",
  "services.*.build.additional_contexts",
  "services.*.build.entitlements",
  "services.*.build.privileged",
  "services.*.build.secrets",
  "services.*.build.ssh",
  "services.*.cpu_count",
  "services.*.cpu_percent",
  "services.*.credential_spec",
  "services.*.deploy.resources.reservations.devices",
  "services.*.deploy.resources.reservations.generic_resources",
  "services.*.external_links",
  "services.*.gpus",
  "services.*.isolation",
  "services.*.models",
  "services.*.post_start",
  "services.*.pre_start",
  "services.*.pre_stop",
  "services.*.provider",
  "services.*.storage_opt",
  "services.*.use_api_socket",
  "services.*.volumes_from",
];

/** Known keys without effect here: said once, then ignored. */
const ignored: readonly string[] = [
  "services.*.build.cache_from",
  "services.*.build.cache_to",
  "services.*.build.isolation",
  "services.*.build.no_cache_filter",
  "services.*.build.platforms",
  "services.*.build.provenance",
  "services.*.build.sbom",
  "services.*.build.ulimits",
  "services.*.configs.*.gid",
  "services.*.configs.*.mode",
  "services.*.configs.*.uid",
  "services.*.deploy.endpoint_mode",
  "services.*.deploy.labels",
  "services.*.deploy.placement",
  "services.*.deploy.resources.reservations.cpus",
  "services.*.deploy.restart_policy.delay",
  "services.*.deploy.restart_policy.window",
  "services.*.deploy.rollback_config",
  "services.*.deploy.update_config.failure_action",
  "services.*.deploy.update_config.max_failure_ratio",
  "services.*.develop",
  "services.*.networks.*.interface_name",
  "services.*.pull_refresh_after",
  "services.*.secrets.*.gid",
  "services.*.secrets.*.mode",
  "services.*.secrets.*.uid",
  "services.*.volumes.*.bind.selinux",
];

/**
 * Refuses keys that are known but cannot be honoured yet, and tells `warn` of those that have no effect. Only services
 * that `enabled` names are looked at.
 */
export function checkSupport(
  tree: Dict,
  warn: (message: string) => void,
  enabled: (service: string) => boolean,
): void {
  for (const pattern of refused) {
    for (const [path, value] of find(tree, pattern.split("."), enabled)) {
      throw mistake(value.keyAt ?? value.at, path, "is not supported yet");
    }
  }
  for (const pattern of ignored) {
    for (const [path] of find(tree, pattern.split("."), enabled)) {
      warn(`${formatPath(path)} is not supported yet and has no effect`);
    }
  }
}

/** The values that `pattern` leads to. */
function find(tree: Dict, pattern: readonly string[], enabled: (service: string) => boolean): [Path, Tree][] {
  let found: [Path, Tree][] = [[[], tree]];
  for (const step of pattern) {
    found = found.flatMap(([path, owner]): [Path, Tree][] => {
      if (step !== "*") {
        const value = entry(owner, step);
        return value === undefined ? [] : [[[...path, step], value]];
      }
      if (owner.kind === "list") return owner.items.map((item, index) => [[...path, index], item]);
      const names = owner.kind === "dict" ? [...owner.entries] : [];
      const services = pathMatches(path, ["services"]);
      return names
        .filter(([name]) => !services || enabled(name))
        .map(([name, value]) => [[...path, name], value]);
    });
  }
  return found.filter(([, value]) => !isEmpty(value));
}

function isEmpty(value: Tree): boolean {
  if (value.kind === "list") return value.items.length === 0;
  return value.kind === "dict" ? value.entries.size === 0 : value.value === null || value.value === false;
}

/** Names of the services in a file, in its order. */
export function serviceNames(tree: Dict): string[] {
  return entriesAt(tree, "services").map(([name]) => name);
}
