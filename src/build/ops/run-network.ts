import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { EngineError, shortID } from "../../base/index.ts";
import type { NetworkService } from "../../network/index.ts";
import type { SpecMount } from "../../oci/index.ts";
import type { NamespaceSource } from "../../runtime/index.ts";

export interface RunNetwork extends AsyncDisposable {
  readonly namespace: NamespaceSource;
  /** Binds for hosts, hostname and resolv.conf. */
  readonly mounts: readonly SpecMount[];
}

type Service = Pick<NetworkService, "get" | "openSandbox" | "closeSandbox">;

/**
 * Opens the network of one RUN step: `bridge` or another network's name, `none`, or `host`. Its files are written
 * into `directory`. Dispose it to close the stack.
 */
export async function openRunNetwork(
  service: Service,
  options: { id: string; mode: string; directory: string; extraHosts: readonly string[] },
): Promise<RunNetwork> {
  const { id, mode, directory } = options;
  if (mode.startsWith("container:")) {
    throw new EngineError("invalid", `network mode ${mode} is not supported for builds`, { subject: mode });
  }
  const extra = extraHosts(options.extraHosts, service);
  if (mode === "host") {
    const resolvConf = await readFile("/etc/resolv.conf", "utf8").catch(() => "");
    const hosts = await readFile("/etc/hosts", "utf8").catch(() => loopback);
    const mounts = await writeFiles(directory, { id, hosts: hosts + extra, resolvConf });
    return { namespace: { kind: "host" }, mounts, async [Symbol.asyncDispose]() {} };
  }
  const networkID = mode === "none" ? undefined : service.get(mode).id;
  const sandbox = await service.openSandbox({
    id,
    containerName: `build-${shortID(id)}`,
    endpoints: networkID === undefined ? [] : [{ networkID, names: [shortID(id)] }],
    ports: [],
    dns: { servers: [], search: [], options: [] },
  });
  const close = () => service.closeSandbox(id);
  try {
    const own = sandbox.endpoints.map((endpoint) => `${endpoint.ipv4Address}\t${shortID(id)}\n`).join("");
    const hosts = loopback + extra + own;
    const mounts = await writeFiles(directory, { id, hosts, resolvConf: sandbox.resolvConf });
    return { namespace: { kind: "path", path: sandbox.path }, mounts, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

const loopback = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n";

function extraHosts(entries: readonly string[], service: Service): string {
  return entries
    .map((entry) => {
      const cut = entry.search(/[:=]/);
      const name = entry.slice(0, cut);
      const address = entry.slice(cut + 1).replace(/^\[(.*)\]$/, "$1");
      if (cut < 1 || address === "" || /\s/.test(entry)) {
        throw new EngineError("invalid", `bad format for add-host: "${entry}"`, { subject: entry });
      }
      return `${address === "host-gateway" ? service.get("bridge").gateway : address}\t${name}\n`;
    })
    .join("");
}

async function writeFiles(
  directory: string,
  texts: { id: string; hosts: string; resolvConf: string },
): Promise<SpecMount[]> {
  const files: readonly [string, string][] = [
    ["hosts", texts.hosts],
    ["hostname", `${shortID(texts.id)}\n`],
    ["resolv.conf", texts.resolvConf],
  ];
  await Promise.all(files.map(([name, text]) => writeFile(join(directory, name), text)));
  return files.map(([name]) => ({
    destination: `/etc/${name}`,
    type: "bind",
    source: join(directory, name),
    options: ["rbind", "rprivate"],
  }));
}
