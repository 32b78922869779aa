import { ipVersion } from "../../base/index.ts";
import { cut } from "./csv.ts";

/** Throws, in Docker's words, unless the text is an address: `--dns`. */
export function checkAddress(text: string): void {
  if (ipVersion(text.trim()) === 0) throw new Error(`IP address is not correctly formatted: ${text}`);
}

/** Throws unless the text is a domain, or `.` for none: `--dns-search`. */
export function checkDomain(text: string): void {
  const trimmed = text.trim();
  if (trimmed === ".") return;
  const label = "[a-zA-Z0-9]([a-zA-Z0-9_-]*[a-zA-Z0-9])?";
  const valid = trimmed.length < 255 && new RegExp(`^(:?${label}\\.)*${label}\\.?$`).test(trimmed);
  if (!valid) throw new Error(`${text} is not a valid domain`);
}

/** Reads `--add-host name:address`, `name=address`, `name:host-gateway`. */
export function parseExtraHost(text: string): string {
  const separator = /^[^:=]*=/.test(text) ? "=" : ":";
  const [name, address] = cut(text, separator);
  if (address === undefined || address === "" || name === "") {
    throw new Error(`bad format for add-host: ${JSON.stringify(text)}`);
  }
  const bare = address.replace(/^\[(.*)\]$/, "$1");
  if (bare !== "host-gateway" && ipVersion(bare) === 0) {
    throw new Error(`invalid IP address in add-host: ${JSON.stringify(address)}`);
  }
  return `${name}:${bare}`;
}

/** Throws unless the text is `container` or `container:alias`. */
export function checkLink(text: string): void {
  if (text === "") throw new Error("empty string specified for links");
  if (text.split(":").length > 2) throw new Error(`bad format for links: ${text}`);
}

/** Throws unless the text is an address of hardware. */
export function checkMac(text: string): void {
  const valid = /^([0-9a-f]{2}[:-]){5}[0-9a-f]{2}$/i.test(text.trim());
  if (!valid) throw new Error(`${text} is not a valid mac address`);
}
