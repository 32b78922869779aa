import { EngineError } from "../base/index.ts";
import type { EndpointSettings, HostConfig } from "../wire/index.ts";

/** The driver option in which the kernel settings of one interface are named. */
const endpointOption = "com.docker.network.endpoint.sysctls";
/** What an IPC namespace has of its own. */
const ipcNames: ReadonlySet<string> = new Set([
  "kernel.msgmax",
  "kernel.msgmnb",
  "kernel.msgmni",
  "kernel.sem",
  "kernel.shmall",
  "kernel.shmmax",
  "kernel.shmmni",
  "kernel.shm_rmid_forced",
]);

/** Throws `invalid` for kernel settings that would be the host's; the words are the runtime's. Pure. */
export function checkSysctls(host: HostConfig): void {
  for (const name of Object.keys(host.Sysctls ?? {})) {
    const fault = faultOf(name, host);
    if (fault !== undefined) throw invalid(`sysctl "${name}" ${fault}`);
  }
}

function faultOf(name: string, host: HostConfig): string | undefined {
  if (ipcNames.has(name) || name.startsWith("fs.mqueue.")) {
    return host.IpcMode === "host" ? "is not allowed in the hosts ipc namespace" : undefined;
  }
  if (name.startsWith("net.")) {
    return host.NetworkMode === "host" ? "not allowed in host network namespace" : undefined;
  }
  if (name === "kernel.domainname") {
    return host.UTSMode === "host" ? "not allowed in host UTS namespace" : undefined;
  }
  if (name === "kernel.hostname") return 'is not allowed as it conflicts with the OCI "hostname" field';
  return "is not in a separate kernel namespace";
}

/**
 * The kernel settings that endpoints ask for their own interface: `net.ipv4.conf.IFNAME.forwarding=1,…`. Interfaces
 * are named in the order of the endpoints. Throws `invalid` for what is no such setting.
 */
export function endpointSysctls(
  endpoints: Readonly<Record<string, EndpointSettings | null>>,
): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [number, [network, settings]] of Object.entries(endpoints).entries()) {
    const text = settings?.DriverOpts?.[endpointOption];
    for (const part of text ? text.split(",") : []) {
      const [name = "", value] = part.trim().split("=");
      if (value === undefined || !/^net\.(ipv4|ipv6|mpls)\.\w+\.IFNAME\.\w+$/i.test(name)) {
        throw invalid(`invalid endpoint settings: invalid sysctl setting for network ${network}: "${part}"`);
      }
      // Docker's command line writes values in small letters.
      found[name.replace(/IFNAME/i, `eth${number}`)] = value;
    }
  }
  return found;
}

function invalid(message: string): EngineError {
  return new EngineError("invalid", message, { subject: "" });
}
