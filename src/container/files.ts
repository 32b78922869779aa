import { readFile, writeFile } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import { EngineError } from "../base/index.ts";
import type { NetworkService, Sandbox } from "../network/index.ts";
import { type Collaborators, type ContainerPaths, homeOf } from "./collaborators.ts";
import type { OpenedNetwork } from "./network-open.ts";
import type { ContainerRecord } from "./types.ts";

/** The three files of the network that are bound into a container. */
export interface NetworkFiles {
  readonly hosts: string;
  readonly hostname: string;
  readonly resolvConf: string;
}

/** Host paths of a container's network files; a container on another's network uses that one's. */
export function networkFiles(paths: ContainerPaths, record: ContainerRecord): NetworkFiles {
  const mode = record.hostConfig.NetworkMode ?? "";
  const owner = mode.startsWith("container:") ? mode.slice("container:".length) : record.id;
  const home = homeOf(paths, owner);
  return {
    hosts: join(home, "hosts"),
    hostname: join(home, "hostname"),
    resolvConf: join(home, "resolv.conf"),
  };
}

/** Writes hosts, hostname and resolv.conf for a run that is about to begin. */
export async function writeNetworkFiles(
  needs: Pick<Collaborators, "network" | "paths" | "store">,
  record: ContainerRecord,
  opened: OpenedNetwork,
): Promise<void> {
  if (opened.peer) return;
  const files = networkFiles(needs.paths, record);
  await Promise.all([
    writeFile(files.hosts, await hostsText(needs, record, opened.sandbox)),
    writeFile(files.hostname, `${record.config.Hostname ?? ""}\n`),
    writeFile(files.resolvConf, opened.resolvConf),
  ]);
}

/** Rewrites the hosts file of a running container whose endpoints may have changed. */
export async function rewriteHosts(
  needs: Pick<Collaborators, "network" | "paths" | "store">,
  record: ContainerRecord,
): Promise<void> {
  const text = await hostsText(needs, record, needs.network.findSandbox(record.id));
  const path = networkFiles(needs.paths, record).hosts;
  if ((await readFile(path, "utf8").catch(() => undefined)) !== text) await writeFile(path, text);
}

async function hostsText(
  needs: Pick<Collaborators, "network" | "store">,
  record: ContainerRecord,
  sandbox: Sandbox | undefined,
): Promise<string> {
  const extra = [
    ...extraHosts(record.hostConfig.ExtraHosts ?? [], needs.network),
    ...links(needs, record.hostConfig.Links ?? []),
  ];
  if (!sandbox && record.hostConfig.NetworkMode === "host") {
    const host = await readFile("/etc/hosts", "utf8").catch(() => "127.0.0.1\tlocalhost\n");
    return host + extra.join("");
  }
  const own = (sandbox?.endpoints ?? []).map((endpoint) => `${endpoint.ipv4Address}\t${fullName(record)}\n`);
  return [...loopback, ...extra, ...own].join("");
}

const loopback = [
  "127.0.0.1\tlocalhost\n",
  "::1\tlocalhost ip6-localhost ip6-loopback\n",
  "fe00::\tip6-localnet\n",
  "ff00::\tip6-mcastprefix\n",
  "ff02::1\tip6-allnodes\n",
  "ff02::2\tip6-allrouters\n",
];

/** The full name, then its first word: a host name may be written with its domain in it. */
function fullName(record: ContainerRecord): string {
  const { Hostname = "", Domainname = "" } = record.config;
  const full = Domainname ? `${Hostname}.${Domainname}` : Hostname;
  const [short = "", ...domain] = full.split(".");
  return domain.length > 0 ? `${full} ${short}` : full;
}

/** `name:address` entries as lines; `host-gateway` is the default bridge's gateway. Throws `invalid`. */
export function extraHosts(entries: readonly string[], network: Pick<NetworkService, "get">): string[] {
  return entries.map(parseExtraHost).map(({ name, address }) => {
    return `${address === "host-gateway" ? network.get("bridge").gateway : address}\t${name}\n`;
  });
}

/** Reads `name:address`, `name=address`, `name:host-gateway`; throws `invalid` in Docker's words. */
export function parseExtraHost(entry: string): { readonly name: string; readonly address: string } {
  const cut = entry.search(/[:=]/);
  const name = entry.slice(0, cut);
  const address = entry.slice(cut + 1).replace(/^\[(.*)\]$/, "$1");
  if (cut < 1 || address === "" || /\s/.test(entry)) {
    throw new EngineError("invalid", `bad format for add-host: "${entry}"`, { subject: entry });
  }
  if (address !== "host-gateway" && isIP(address) === 0) {
    throw new EngineError("invalid", `invalid IP address in add-host: "${address}"`, { subject: entry });
  }
  return { name, address };
}

/** Lines for legacy links: `name:alias`. */
function links(needs: Pick<Collaborators, "network" | "store">, entries: readonly string[]): string[] {
  return entries.map((entry) => {
    const [reference = "", alias = reference] = entry.split(":");
    const peer = needs.store.get(reference);
    const address = needs.network.findSandbox(peer.id)?.endpoints[0]?.ipv4Address;
    if (!address) {
      throw new EngineError("conflict", `Cannot link to a non running container: /${peer.name} AS ${alias}`, {
        subject: peer.id,
      });
    }
    const names = [...new Set([alias.replace(/^.*\//, ""), peer.config.Hostname ?? "", peer.name])];
    return `${address}\t${names.filter((name) => name !== "").join(" ")}\n`;
  });
}
