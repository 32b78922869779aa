import { randomBytes } from "node:crypto";
import { EngineError } from "../base/index.ts";

/** A random MAC address: unicast, locally administered. */
export function randomMac(): string {
  const bytes = randomBytes(6);
  bytes[0] = ((bytes[0] ?? 0) & 0xfe) | 0x02;
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
}

/**
 * The MAC address of whoever has this IPv4 address. When an address passes from one container to the next, what
 * neighbours remember of it stays right, without a word having to reach them.
 */
export function macOfAddress(address: string): string {
  const digits = address.split(".").map((part) => Number(part).toString(16).padStart(2, "0"));
  return ["02", "42", ...digits].join(":");
}

/** A MAC address as users write it, in lower case with colons; throws `invalid`. */
export function parseMac(text: string): string {
  const mac = text.toLowerCase().replaceAll("-", ":");
  const first = Number.parseInt(mac.slice(0, 2), 16);
  if (!/^(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(mac) || (first & 1) === 1) {
    throw new EngineError("invalid", `invalid MAC address ${text}`, { subject: text });
  }
  return mac;
}
