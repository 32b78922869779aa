import type { PortBinding, PortMap } from "../../wire/index.ts";
import { cut, keyValues, splitCsv } from "./csv.ts";

/** What `-p` and `--expose` ask for. */
export interface Ports {
  readonly exposed: Record<string, object>;
  readonly bindings: PortMap;
}

/** Reads publish and expose flags; throws in Docker's words. */
export function parsePorts(publish: readonly string[], expose: readonly string[]): Ports {
  const exposed: Record<string, object> = {};
  const bindings: Record<string, PortBinding[]> = {};
  for (const text of publish) {
    for (const { key, binding } of parsePublish(text.includes("=") ? shortForm(text) : text)) {
      exposed[key] = {};
      bindings[key] = [...(bindings[key] ?? []), binding];
    }
  }
  for (const text of expose) for (const key of parseExpose(text)) exposed[key] = {};
  return { exposed, bindings };
}

interface Published {
  readonly key: string;
  readonly binding: PortBinding;
}

function parsePublish(text: string): Published[] {
  const [spec, protocol = "tcp"] = cut(text, "/");
  const proto = protocol.toLowerCase();
  if (!["tcp", "udp", "sctp"].includes(proto)) throw new Error(`invalid proto: ${protocol}`);
  const { ip: given, host, container } = splitSpec(spec);
  if (container === "") throw new Error(`no port specified: ${text}<empty>`);
  checkAddress(given);
  const ip = given.replace(/^\[(.*)\]$/, "$1");
  const inside = parseRange(container, "containerPort");
  const outside = host === "" ? undefined : parseRange(host, "hostPort");
  const count = inside.last - inside.first;
  const manyForOne = outside !== undefined && outside.last - outside.first !== count;
  if (manyForOne && count !== 0) {
    throw new Error(`invalid ranges specified for container and host Ports: ${container} and ${host}`);
  }
  return Array.from({ length: count + 1 }, (_, index) => {
    const hostPort = manyForOne ? host : outside ? String(outside.first + index) : "";
    return { key: `${inside.first + index}/${proto}`, binding: { HostIp: ip, HostPort: hostPort } };
  });
}

/** `[ip:][host:]container`, an IPv6 address in brackets. */
function splitSpec(spec: string): { ip: string; host: string; container: string } {
  const parts = spec.split(":");
  const container = parts.pop() ?? "";
  const host = parts.pop() ?? "";
  return { ip: parts.join(":"), host, container };
}

function checkAddress(ip: string): void {
  const bare = ip.replace(/^\[(.*)\]$/, "$1");
  const v4 = /^(\d{1,3})(\.\d{1,3}){3}$/.test(bare) && bare.split(".").every((part) => Number(part) <= 255);
  const v6 = bare !== ip && /^[0-9a-fA-F:.]+(%\w+)?$/.test(bare) && bare.includes(":");
  if (ip !== "" && !v4 && !v6) throw new Error(`invalid IP address: ${ip}`);
}

function parseRange(text: string, what: string): { first: number; last: number } {
  const [from, to = from] = cut(text, "-");
  const first = port(from);
  const last = port(to);
  if (first === undefined || last === undefined || last < first) throw new Error(`invalid ${what}: ${text}`);
  return { first, last };
}

function port(text: string): number | undefined {
  const number = Number(text);
  return /^\d+$/.test(text) && number <= 65535 ? number : undefined;
}

function parseExpose(text: string): string[] {
  if (text.includes(":")) throw new Error(`invalid port format for --expose: ${text}`);
  const [range, protocol = "tcp"] = cut(text, "/");
  const span = exposedRange(text, range);
  const count = span.last - span.first + 1;
  return Array.from({ length: count }, (_, index) => `${span.first + index}/${protocol.toLowerCase()}`);
}

function exposedRange(text: string, range: string): { first: number; last: number } {
  const fail = (why: string): Error => new Error(`invalid range format for --expose: ${text}, error: ${why}`);
  const [from, to = from] = cut(range, "-");
  for (const part of [from, to]) {
    const parsed = port(part);
    const reason = /^\d+$/.test(part) ? "value out of range" : "invalid syntax";
    if (parsed === undefined) throw fail(`strconv.ParseUint: parsing ${JSON.stringify(part)}: ${reason}`);
  }
  const [first, last] = [Number(from), Number(to)];
  if (last < first) throw fail(`invalid range specified for port: ${range}`);
  return { first, last };
}

/** `published=8080,target=80,protocol=udp,mode=host` as `8080:80/udp`. */
function shortForm(text: string): string {
  const fields = keyValues(splitCsv(text));
  const { published = "", target = "", protocol = "tcp" } = fields;
  if (target === "") throw new Error(`no port specified: ${published}:${target}/${protocol}<empty>`);
  const outside = fields.published ? `${fields.published}:` : "";
  return `${outside}${fields.target}${fields.protocol ? `/${fields.protocol}` : ""}`;
}
