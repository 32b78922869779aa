import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import { newID, silentLogger } from "../../base/index.ts";
import { openRecords, type Records } from "../../records/index.ts";
import { hasCode, netlinkProtocols, openNetlink } from "../../sys/index.ts";
import { attribute, join, listLinks, perform, text } from "../netlink/index.ts";
import { Batch, openNftSocket } from "../nftables/index.ts";
import { openNetworkService } from "../service.ts";
import type { NetworkService, Sandbox, SandboxRequest } from "../types.ts";

/** An engine's networks on the real kernel, under a prefix of its own. For tests. */
export interface TestEngine extends AsyncDisposable {
  readonly prefix: string;
  readonly runDirectory: string;
  readonly records: Records;
  readonly service: NetworkService;
  /** Opens a sandbox on the networks of these names. */
  open(networks: readonly string[], more?: Partial<SandboxRequest>): Promise<Sandbox>;
  /** As after a kill: the service is thrown away and a new one takes over with these sandboxes alive. */
  restart(alive: readonly string[]): Promise<void>;
  /** Changes the engine's table behind its back. */
  tamper(fill: (batch: Batch) => void): void;
  /** What is left of this engine: links, pinned namespaces, mounts, table. */
  leftovers(): readonly string[];
}

export async function openTestEngine(): Promise<TestEngine> {
  const prefix = `t${randomBytes(2).toString("hex")}`;
  const runDirectory = mkdtempSync(joinPath(tmpdir(), `gantry-${prefix}-`));
  const records = openRecords(":memory:");
  const open = () => openNetworkService({ records, runDirectory, prefix, log: silentLogger });
  let service = await open();
  await service.restore(new Set());
  return {
    prefix,
    runDirectory,
    records,
    get service() {
      return service;
    },
    open: (networks, more) => service.openSandbox(requestFor(service, networks, more)),
    restart: async (alive) => {
      await service.close();
      service = await open();
      await service.restore(new Set(alive));
    },
    tamper: (fill) => {
      const batch = new Batch(prefix);
      fill(batch);
      using nft = openNftSocket();
      nft.commit(batch);
    },
    leftovers: () => leftovers(prefix, runDirectory),
    [Symbol.asyncDispose]: async () => {
      await service.reset();
      records[Symbol.dispose]();
      rmSync(runDirectory, { recursive: true, force: true });
    },
  };
}

function requestFor(
  service: NetworkService,
  networks: readonly string[],
  more: Partial<SandboxRequest> = {},
): SandboxRequest {
  const id = more.id ?? newID();
  const containerName = more.containerName ?? `c-${id.slice(0, 6)}`;
  return {
    endpoints: networks.map((name) => ({ networkID: service.get(name).id, names: [containerName] })),
    ports: [],
    dns: { servers: [], search: [], options: [] },
    ...more,
    id,
    containerName,
  };
}

function leftovers(prefix: string, runDirectory: string): readonly string[] {
  const namespaces = joinPath(runDirectory, "netns");
  const links = listLinks().map(({ name }) => name);
  const mounts = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
  return [
    ...links.filter((name) => name === `${prefix}0` || new RegExp(`^${prefix}[-v]`).test(name)),
    ...(existsSync(namespaces) ? readdirSync(namespaces) : []),
    ...mounts.filter((line) => line.includes(runDirectory)),
    ...(tableExists(prefix) ? [`table ip ${prefix}`] : []),
  ];
}

function tableExists(name: string): boolean {
  const getTable = (10 << 8) | 1;
  const body = join(new Uint8Array([2, 0, 0, 0]), attribute(1, text(name)));
  using socket = openNetlink(netlinkProtocols.netfilter);
  try {
    perform(socket, [{ call: "find table", subject: name, type: getTable, flags: 0, body }]);
    return true;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return false;
    throw error;
  }
}
