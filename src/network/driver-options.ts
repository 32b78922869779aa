import { EngineError } from "../base/index.ts";
import { parseAddress } from "./ipv4.ts";

/** Driver options that the bridge driver knows, by Docker's names. */
export const driverOptions = {
  bridgeName: "com.docker.network.bridge.name",
  mtu: "com.docker.network.driver.mtu",
  masquerade: "com.docker.network.bridge.enable_ip_masquerade",
  icc: "com.docker.network.bridge.enable_icc",
  hostBinding: "com.docker.network.bridge.host_binding_ipv4",
} as const;

/** Options that Docker's driver has and this one does not, and the values that ask for nothing. */
const unserved: Readonly<Record<string, readonly string[]>> = {
  "com.docker.network.bridge.gateway_mode_ipv4": ["", "nat"],
  "com.docker.network.bridge.inhibit_ipv4": ["", "false", "0"],
  "com.docker.network.bridge.trusted_host_interfaces": [""],
  "com.docker.network.container_iface_prefix": ["", "eth"],
};

const off = ["0", "f", "F", "false", "FALSE", "False"];
const on = ["1", "t", "T", "true", "TRUE", "True"];

/** A switch that is on by itself. */
export function isOff(value: string | undefined): boolean {
  return value !== undefined && off.includes(value);
}

/** Throws `invalid` for a value that cannot be, or that this driver cannot serve. Unknown names are kept, as in Docker. */
export function checkDriverOptions(options: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(options)) {
    if (unserved[name]?.includes(value) === false) {
      throw invalid(`network driver option ${name}=${value} is not supported by this engine`);
    }
    if (!isPossible(name, value))
      throw invalid(`invalid value for network driver option ${name}: "${value}"`);
  }
}

function isPossible(name: string, value: string): boolean {
  switch (name) {
    case driverOptions.mtu:
      return /^\d+$/.test(value) && Number(value) >= 68 && Number(value) <= 65_535;
    case driverOptions.masquerade:
    case driverOptions.icc:
      return on.includes(value) || off.includes(value);
    case driverOptions.hostBinding:
      return value === "" || parseAddress(value) !== undefined;
    default:
      return true;
  }
}

function invalid(message: string): EngineError {
  return new EngineError("invalid", message, { subject: "network" });
}
