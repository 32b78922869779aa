import { parseBytes } from "../../base/index.ts";
import type { Resources } from "../../wire/index.ts";
import { cut } from "./csv.ts";

type Device = NonNullable<Resources["Devices"]>[number];
type Ulimit = NonNullable<Resources["Ulimits"]>[number];

/** Reads `--device` flags: paths, and names of the Container Device Interface. */
export function parseDevices(given: readonly string[]): { devices: Device[]; requests: object[] } {
  const named = given.filter((text) => /^[\w.-]+\.[\w.-]+\/[\w-]+=\S+$/.test(text));
  const paths = given.filter((text) => !named.includes(text));
  const requests = named.length === 0 ? [] : [{ Driver: "cdi", DeviceIDs: named }];
  return { devices: paths.map(parseDevice), requests };
}

function parseDevice(text: string): Device {
  const [path = "", ...rest] = text.split(":");
  if (rest.length > 2 || path === "") throw new Error(`bad format for path: ${text}`);
  const [second = path, third] = rest;
  // `/dev/x:rw` gives permissions alone.
  const permissionsOnly = rest.length === 1 && isPermissions(second);
  const permissions = permissionsOnly ? second : (third ?? "rwm");
  if (!isPermissions(permissions)) throw new Error(`bad mode specified: ${permissions}`);
  return {
    PathOnHost: path,
    PathInContainer: permissionsOnly ? path : second,
    CgroupPermissions: permissions,
  };
}

function isPermissions(text: string): boolean {
  return /^[rwm]{1,3}$/.test(text) && new Set(text).size === text.length;
}

/** Reads `--ulimit name=soft[:hard]` flags. */
export function parseUlimits(given: readonly string[]): Ulimit[] {
  return given.map(parseUlimit);
}

/** One ulimit; throws in Docker's words. */
export function parseUlimit(text: string): Ulimit {
  const [name, value] = cut(text, "=");
  if (value === undefined) throw new Error(`invalid ulimit argument: ${text}`);
  if (!ulimitNames.includes(name)) throw new Error(`invalid ulimit type: ${name}`);
  const [soft, hard = soft] = cut(value, ":");
  if (hard.includes(":")) {
    throw new Error(`too many limit value arguments - ${value}, can only have up to two, \`soft[:hard]\``);
  }
  const limits = [soft, hard].map((part) => {
    if (!/^-?\d+$/.test(part))
      throw new Error(`strconv.ParseInt: parsing ${JSON.stringify(part)}: invalid syntax`);
    return Number(part);
  });
  const [low = 0, high = 0] = limits;
  if (high !== -1 && low > high) {
    throw new Error(`ulimit soft limit must be less than or equal to hard limit: ${low} > ${high}`);
  }
  return { Name: name, Soft: low, Hard: high };
}

const ulimitNames = [
  ...["core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile"],
  ...["nproc", "rss", "rtprio", "rttime", "sigpending", "stack"],
];

/** Throws unless the text is a rule such as `c 1:3 rwm`. */
export function checkDeviceRule(text: string): void {
  if (!/^[acb] (\d+|\*):(\d+|\*) [rwm]{1,3}$/.test(text)) {
    throw new Error(`invalid device cgroup format '${text}'`);
  }
}

/** Reads a `path:weight` flag. */
export function parseWeight(text: string): { Path: string; Weight: number } {
  const { path, value } = devicePair(text);
  const weight = Number(value);
  if (!/^\d+$/.test(value) || (weight > 0 && (weight < 10 || weight > 1000))) {
    throw new Error(`invalid weight for device: ${text}`);
  }
  return { Path: path, Weight: weight };
}

/** Reads a `path:rate` flag; a rate in bytes may have a unit. */
export function parseRate(text: string, unit: "bytes" | "operations"): { Path: string; Rate: number } {
  const { path, value } = devicePair(text);
  const format = unit === "bytes" ? "<device-path>:<number>[<unit>]" : "<device-path>:<number>";
  const hint = `The correct format is ${format}. Number must be a positive integer`;
  try {
    if (unit === "bytes") return { Path: path, Rate: parseBytes(value) };
    if (/^\d+$/.test(value)) return { Path: path, Rate: Number(value) };
  } catch {
    const units = ". Unit is optional and can be kb, mb, or gb";
    throw new Error(`invalid rate for device: ${text}. ${hint}${units}`);
  }
  throw new Error(`invalid rate for device: ${text}. ${hint}`);
}

function devicePair(text: string): { readonly path: string; readonly value: string } {
  const [path, value] = cut(text, ":");
  if (value === undefined) throw new Error(`bad format: ${text}`);
  if (!path.startsWith("/dev/")) throw new Error(`bad format for device path: ${text}`);
  return { path, value };
}
