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
  if (rest.length > 2 || path === "") throw new Error(`invalid device specification: ${text}`);
  const [second = path, third] = rest;
  // `/dev/x:rw` gives permissions alone.
  const permissionsOnly = rest.length === 1 && isPermissions(second);
  const permissions = permissionsOnly ? second : (third ?? "rwm");
  if (!isPermissions(permissions)) throw new Error(`invalid device mode: ${permissions}`);
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

/** Reads `path:weight` flags. */
export function parseWeights(given: readonly string[]): { Path: string; Weight: number }[] {
  return given.map((text) => {
    const [path, weight] = cut(text, ":");
    const number = Number(weight);
    if (!path.startsWith("/dev/") || weight === undefined) throw new Error(`bad format: ${text}`);
    if (!/^\d+$/.test(weight) || (number > 0 && (number < 10 || number > 1000))) {
      throw new Error(`invalid weight for device: ${text}`);
    }
    return { Path: path, Weight: number };
  });
}

/** Reads `path:rate` flags; a rate in bytes may have a unit. */
export function parseRates(given: readonly string[], bytes: boolean): { Path: string; Rate: number }[] {
  return given.map((text) => {
    const [path, rate] = cut(text, ":");
    if (!path.startsWith("/dev/") || rate === undefined) throw new Error(`bad format: ${text}`);
    if (!bytes && !/^\d+$/.test(rate)) throw new Error(`invalid rate for device: ${text}`);
    return { Path: path, Rate: bytes ? parseBytes(rate) : Number(rate) };
  });
}
