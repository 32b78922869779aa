import { ComposeFileError } from "./error.ts";
import { dependencyCycle } from "./order.ts";
import { type Dict, entriesAt, entry, itemsAt, type Position, type Tree, textAt } from "./tree.ts";

interface Facts {
  readonly tree: Dict;
  /** Services that run with the chosen profiles. */
  readonly enabled: ReadonlySet<string>;
}

type Rule = (name: string, service: Tree, facts: Facts) => void;

/**
 * Checks what no single value can say: references lead somewhere, exclusive keys stand alone, order has no cycle.
 * Throws the first breach, with its place.
 */
export function checkRules(tree: Dict, enabled: ReadonlySet<string>): void {
  const facts: Facts = { tree, enabled };
  for (const [name, service] of entriesAt(tree, "services")) {
    if (enabled.has(name)) for (const rule of rules) rule(name, service, facts);
  }
  checkContainerNames(facts);
  checkCycles(facts);
}

const imageOrBuild: Rule = (name, service) => {
  if (entry(service, "image") ?? entry(service, "build")) return;
  throw breach(service, `service "${name}" has neither an image nor a build context specified`);
};

const buildFiles: Rule = (name, service) => {
  const build = entry(service, "build");
  if (entry(build, "dockerfile") && entry(build, "dockerfile_inline")) {
    throw breach(
      build ?? service,
      `service "${name}" declares mutually exclusive dockerfile and dockerfile_inline`,
    );
  }
};

const networksExist: Rule = (name, service, { tree }) => {
  const mode = entry(service, "network_mode");
  const networks = entriesAt(service, "networks");
  if (mode && networks.length > 0) {
    throw breach(mode, `service ${name} declares mutually exclusive \`network_mode\` and \`networks\``);
  }
  for (const [network, value] of networks) {
    if (!has(tree, "networks", network))
      throw breach(value, `service "${name}" refers to undefined network ${network}`);
  }
};

const volumesExist: Rule = (name, service, { tree }) => {
  for (const volume of itemsAt(service, "volumes")) {
    const source = textAt(volume, "source");
    const type = textAt(volume, "type");
    if (textAt(volume, "target") === undefined)
      throw breach(volume, `service "${name}" has a volume without target`);
    if (type === "bind" && source === undefined)
      throw breach(volume, `service "${name}" has a bind mount without source`);
    if (type !== "volume" || source === undefined || has(tree, "volumes", source)) continue;
    throw breach(volume, `service "${name}" refers to undefined volume ${source}`);
  }
};

const filesExist: Rule = (name, service, { tree }) => {
  for (const [section, word] of [
    ["secrets", "secret"],
    ["configs", "config"],
  ] as const) {
    for (const use of itemsAt(service, section)) {
      const source = textAt(use, "source") ?? "";
      const declared = entriesAt(tree, section).find(([key]) => key === source)?.[1];
      if (declared === undefined)
        throw breach(use, `service "${name}" refers to undefined ${word} ${source}`);
      if (textAt(declared, "external") === "true")
        throw breach(use, `unsupported external ${word} ${source}`);
      if (textAt(declared, "file") === undefined) {
        throw breach(declared, `${word} ${source} needs a file: other sources are not supported yet`);
      }
    }
  }
};

const dependenciesExist: Rule = (name, service, { tree, enabled }) => {
  for (const [other, value] of entriesAt(service, "depends_on")) {
    if (textAt(value, "required") === "false" && !enabled.has(other)) continue;
    if (!has(tree, "services", other))
      throw breach(value, `service "${name}" depends on undefined service "${other}"`);
    if (!enabled.has(other))
      throw breach(
        value,
        `service "${other}" is required by "${name}" but is disabled. Can be enabled by profiles`,
      );
  }
};

const oneContainerName: Rule = (name, service) => {
  const containerName = entry(service, "container_name");
  const replicas = textAt(entry(service, "deploy"), "replicas");
  const scale = textAt(service, "scale");
  if (scale !== undefined && replicas !== undefined && scale !== replicas) {
    throw breach(
      entry(service, "scale") ?? service,
      `services.${name}: can't set distinct values on 'scale' and 'deploy.replicas'`,
    );
  }
  if (containerName && Number(scale ?? replicas ?? 1) > 1) {
    throw breach(
      containerName,
      `services.${name}: can't set container_name and more than one replica, as container name must be unique`,
    );
  }
};

const healthTestForm: Rule = (name, service) => {
  const test = itemsAt(entry(service, "healthcheck"), "test");
  const first = test[0];
  if (
    first === undefined ||
    ["NONE", "CMD", "CMD-SHELL"].includes(first.kind === "leaf" ? String(first.value) : "")
  )
    return;
  throw breach(first, `services.${name}.healthcheck.test must start either by "CMD", "CMD-SHELL" or "NONE"`);
};

const rules: readonly Rule[] = [
  imageOrBuild,
  buildFiles,
  networksExist,
  volumesExist,
  filesExist,
  dependenciesExist,
  oneContainerName,
  healthTestForm,
];

function checkContainerNames({ tree, enabled }: Facts): void {
  const owners = new Map<string, string>();
  for (const [name, service] of entriesAt(tree, "services")) {
    const containerName = textAt(service, "container_name");
    if (containerName === undefined || !enabled.has(name)) continue;
    const other = owners.get(containerName);
    if (other !== undefined) {
      throw breach(
        service,
        `services.${name}: container name "${containerName}" is already in use by service "${other}"`,
      );
    }
    owners.set(containerName, name);
  }
}

function checkCycles({ tree, enabled }: Facts): void {
  const edges = new Map(
    entriesAt(tree, "services")
      .filter(([name]) => enabled.has(name))
      .map(([name, service]) => [name, entriesAt(service, "depends_on").map(([other]) => other)]),
  );
  const cycle = dependencyCycle(edges);
  if (cycle === undefined) return;
  const first = entriesAt(tree, "services").find(([name]) => name === cycle[0])?.[1] ?? tree;
  throw breach(entry(first, "depends_on") ?? first, `dependency cycle detected: ${cycle.join(" -> ")}`);
}

function has(tree: Dict, section: string, name: string): boolean {
  return entriesAt(tree, section).some(([key]) => key === name);
}

function breach(tree: Tree, message: string): ComposeFileError {
  const at: Position = tree.keyAt ?? tree.at;
  return new ComposeFileError(at, `${message}: invalid compose project`);
}
