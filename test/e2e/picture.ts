import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Machine, observeMachine } from "../../scripts/machine.ts";
import { listTable } from "../../src/network/testing/index.ts";
import { Api } from "./api.ts";
import type { TestEngine } from "./harness.ts";
import { eventually } from "./process.ts";

/**
 * Throws unless what an engine tells of its containers, networks and volumes is what the kernel and the disk hold:
 * nothing missing, nothing left over. What takes a moment (links go in the kernel's own time) is waited for.
 */
export async function expectTruePicture(engine: TestEngine, when: string): Promise<void> {
  let wrong: string[] = [];
  try {
    await eventually(
      "a true picture",
      async () => {
        wrong = await pictureErrors(engine);
        return wrong.length === 0 ? true : undefined;
      },
      5000,
    );
  } catch (error) {
    if (wrong.length === 0) throw error;
    throw new Error(`${when}:\n  ${wrong.join("\n  ")}\nthe engine's log:\n${engine.log.slice(-2000)}`);
  }
}

interface Seen {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly pid: number;
  readonly paused: boolean;
  readonly memory: number;
  readonly endpoints: readonly string[];
  readonly ports: readonly string[];
}

interface NetworkSeen {
  readonly Name: string;
  readonly Id: string;
  readonly Driver: string;
  readonly Options: Readonly<Record<string, string>>;
}

async function pictureErrors(engine: TestEngine): Promise<string[]> {
  const api = new Api(engine.socket);
  const listed: { Id: string }[] = await api.find("/containers/json?all=1");
  const containers = await Promise.all(listed.map(({ Id }) => look(api, Id)));
  const networks: NetworkSeen[] = await api.find("/networks");
  const volumes: { Volumes: { Name: string }[] } = await api.find("/volumes");
  const machine = observeMachine();
  const live = containers.filter(({ pid }) => pid > 0);
  const own = live.filter(({ endpoints }) => endpoints.length > 0);
  return [
    ...containers.flatMap((container) => stateErrors(engine, container)),
    ...compare("home directories", entries(join(engine.root, "containers")), ids(containers)),
    ...compare("writable layers", entries(join(engine.root, "snapshots/active")), ids(containers)),
    ...compare("bundles", entries(join(engine.runDirectory, "tasks")), ids(live)),
    ...compare(
      "volumes on disk",
      entries(join(engine.root, "volumes")),
      volumes.Volumes.map((one) => one.Name),
    ),
    ...compare("cgroups", cgroupsOf(machine, engine.prefix), ids(live)),
    ...compare(
      "names",
      containers.map(({ name }) => name),
      [...new Set(containers.map(({ name }) => name))],
    ),
    ...unexpected("files in tmp", entries(join(engine.root, "tmp"))),
    ...unexpected("ingests", entries(join(engine.root, "content/ingest"))),
    ...unexpected("snapshots in tmp but two spares", entries(join(engine.root, "snapshots/tmp")).slice(2)),
    ...processErrors(engine, machine, ids(live)),
    ...linkErrors(engine, machine, networks, own),
    ...portErrors(engine, own),
    ...mountErrors(engine, machine),
  ];
}

async function look(api: Api, id: string): Promise<Seen> {
  const { State, Name, HostConfig, NetworkSettings } = await api.find(`/containers/${id}/json`);
  const special = ["host", "none"].includes(HostConfig.NetworkMode);
  return {
    id,
    name: Name,
    state: State.Status,
    pid: State.Pid,
    paused: State.Paused,
    memory: HostConfig.Memory,
    endpoints: special
      ? []
      : Object.values<{ IPAddress: string }>(NetworkSettings.Networks).map((one) => one.IPAddress),
    ports: Object.values<{ HostPort: string }[] | null>(NetworkSettings.Ports ?? {}).flatMap((list) =>
      (list ?? []).map(({ HostPort }) => HostPort),
    ),
  };
}

function stateErrors(engine: TestEngine, { id, name, state, pid, paused, memory }: Seen): string[] {
  const what = `${name} (${state})`;
  if (pid === 0) return ["running", "paused"].includes(state) ? [`${what} has no process`] : [];
  if (!existsSync(`/proc/${pid}`)) return [`${what} has process ${pid}, which is not there`];
  const path = cgroupOf(engine.prefix, id, "freezer");
  const frozen = read(join(path, "freezer.state"), join(path, "cgroup.freeze"));
  const isFrozen = frozen === "FROZEN" || frozen === "1";
  const limits = cgroupOf(engine.prefix, id, "memory");
  const limit = Number(read(join(limits, "memory.limit_in_bytes"), join(limits, "memory.max")));
  return [
    ...(isFrozen === paused
      ? []
      : [`${what} is said to be ${paused ? "paused" : "awake"}, the kernel says ${frozen}`]),
    ...(memory === 0 || memory === limit
      ? []
      : [`${what} has a memory limit of ${memory}, the kernel ${limit}`]),
  ];
}

function cgroupOf(prefix: string, id: string, controller: string): string {
  const v1 = `/sys/fs/cgroup/${controller}/${prefix}/${id}`;
  return existsSync(v1) ? v1 : `/sys/fs/cgroup/${prefix}/${id}`;
}

function read(...paths: string[]): string {
  const path = paths.find((one) => existsSync(one));
  return path === undefined ? "" : readFileSync(path, "utf8").trim();
}

/** Containers' cgroups, in whatever hierarchy. */
function cgroupsOf(machine: Machine, prefix: string): string[] {
  const found = machine.cgroups.flatMap((path) => {
    const parts = path.split("/");
    const at = parts.indexOf(prefix);
    const child = parts[at + 1];
    return at >= 0 && child !== undefined ? [child] : [];
  });
  return [...new Set(found)];
}

/** The engine, a shim for each live container, and nothing else: no helper, no runtime, no second shim. */
function processErrors(engine: TestEngine, machine: Machine, live: readonly string[]): string[] {
  const lines = machine.processes.filter((line) => line.includes(engine.directory));
  const shims = lines.filter((line) => line.includes("gantry-shim"));
  const others = lines.filter((line) => !line.includes("gantry-shim") && !line.includes(" daemon "));
  return [
    ...compare(
      "shims",
      shims.map((line) => line.split("/tasks/")[1] ?? line),
      live,
    ),
    ...unexpected("processes", others),
  ];
}

function linkErrors(
  engine: TestEngine,
  machine: Machine,
  networks: readonly NetworkSeen[],
  own: readonly Seen[],
) {
  const bridges = networks
    .filter(({ Driver }) => Driver === "bridge")
    .map(({ Name, Id, Options }) => {
      const given = Options["com.docker.network.bridge.name"];
      return Name === "bridge" ? `${engine.prefix}0` : (given ?? `${engine.prefix}-${Id.slice(0, 8)}`);
    });
  const mine = machine.links.filter((name) => name.startsWith(engine.prefix));
  const ends = mine.filter((name) => name.startsWith(`${engine.prefix}v`));
  const wanted = own.reduce((sum, { endpoints }) => sum + endpoints.length, 0);
  const addresses = own.flatMap(({ endpoints }) => endpoints);
  return [
    ...compare(
      "bridges",
      mine.filter((name) => !ends.includes(name)),
      bridges,
    ),
    ...(ends.length === wanted ? [] : [`${ends.length} links for ${wanted} endpoints`]),
    ...compare("addresses", addresses, [...new Set(addresses)]),
    ...own.flatMap((container) => routeErrors(container)),
    ...compare("namespaces", entries(join(engine.runDirectory, "netns")), ids(own)),
  ];
}

/** A container on a network that leads outside has a default route, and its endpoints' addresses. */
function routeErrors({ name, pid, endpoints }: Seen): string[] {
  const routes = read(`/proc/${pid}/net/route`).split("\n").slice(1);
  const hasDefault = routes.some((line) => line.split("\t")[1] === "00000000");
  const local = read(`/proc/${pid}/net/fib_trie`);
  return [
    ...(hasDefault ? [] : [`${name} has no default route`]),
    ...endpoints
      .filter((address) => !local.includes(`|-- ${address}`))
      .map((one) => `${name} lacks address ${one}`),
  ];
}

/** Rules for the ports of live containers and for no others. */
function portErrors(engine: TestEngine, own: readonly Seen[]): string[] {
  const text = listTable("/proc/self/ns/net", engine.prefix);
  const map = /map ports \{([^}]*\{[^}]*\})?/.exec(text)?.[1] ?? "";
  const ruled = [...map.matchAll(/(?:tcp|udp) \. (\d+) :/g)].map(([, port]) => port ?? "");
  return compare("published ports", ruled, [...new Set(own.flatMap(({ ports }) => ports))]);
}

/** Nothing of the engine is mounted on the host but the namespaces' pins. */
function mountErrors(engine: TestEngine, machine: Machine): string[] {
  const mine = machine.mounts.filter((line) => line.includes(engine.directory));
  return unexpected(
    "mounts",
    mine.filter((line) => !line.startsWith(`${engine.runDirectory}/netns/`)),
  );
}

function compare(what: string, found: readonly string[], wanted: readonly string[]): string[] {
  const [extra, missing] = [without(found, wanted), without(wanted, found)];
  return [
    ...(extra.length > 0 ? [`${what} too many: ${extra.join(" ")}`] : []),
    ...(missing.length > 0 ? [`${what} missing: ${missing.join(" ")}`] : []),
  ];
}

/** As multisets. */
function without(these: readonly string[], those: readonly string[]): string[] {
  const left = [...those];
  return these.filter((one) => {
    const at = left.indexOf(one);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

function unexpected(what: string, found: readonly string[]): string[] {
  return compare(what, found, []);
}

function ids(containers: readonly Seen[]): string[] {
  return containers.map(({ id }) => id);
}

function entries(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory) : [];
}
