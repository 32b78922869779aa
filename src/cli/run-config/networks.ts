import type { EndpointSettings } from "../../wire/index.ts";
import type { FlagValues } from "../flags/index.ts";
import { compact } from "./compact.ts";
import { cut, splitCsv } from "./csv.ts";
import { checkMac } from "./hosts.ts";

/** What the network flags ask for. */
export interface Networks {
  readonly mode: string;
  /** Empty when nothing beyond the mode was asked. */
  readonly endpoints: Record<string, EndpointSettings>;
}

interface Attachment {
  readonly target: string;
  aliases: string[];
  links: string[];
  linkLocal: string[];
  ip: string;
  ip6: string;
  mac: string;
  readonly driverOptions: Record<string, string>;
  priority: number;
}

/** Reads network flags; throws in Docker's words. */
export function parseNetworks(flags: FlagValues): Networks {
  const asked = flags.list("network").map(parseAttachment);
  const first = asked[0] ?? attachment("default");
  applyFlags(first, flags);
  const all = asked.length === 0 ? [first] : asked;
  const userDefined = all.filter((one) => isUserDefined(one.target)).length;
  if (userDefined > 0 && userDefined < all.length) {
    throw new Error(
      "conflicting options: cannot attach both user-defined and non-user-defined network-modes",
    );
  }
  const endpoints: Record<string, EndpointSettings> = {};
  for (const one of all) {
    if (Object.hasOwn(endpoints, one.target)) {
      throw new Error(`network "${one.target}" is specified multiple times`);
    }
    endpoints[one.target] = endpoint(one);
  }
  const plain = all.length === 1 && Object.keys(endpoints[first.target] ?? {}).length === 0;
  return { mode: first.target, endpoints: plain ? {} : endpoints };
}

/** False for the modes that name no network that a user made. */
export function isUserDefined(target: string): boolean {
  return !["default", "bridge", "host", "none"].includes(target) && !target.startsWith("container:");
}

function attachment(target: string): Attachment {
  return {
    target,
    aliases: [],
    links: [],
    linkLocal: [],
    ip: "",
    ip6: "",
    mac: "",
    driverOptions: {},
    priority: 0,
  };
}

/** Throws, in Docker's words, unless the text is a network to join. An empty one is found out later. */
export function checkAttachment(text: string): void {
  if (text !== "") parseAttachment(text);
}

/** `web`, or `name=web,alias=x,ip=…`. */
function parseAttachment(text: string): Attachment {
  if (!/\w=\w/.test(text)) {
    if (text.trim() === "") throw new Error("no name set for network");
    return attachment(text);
  }
  const pairs = splitCsv(text).map((field): [string, string] => {
    const [key, value] = cut(field, "=");
    if (value === undefined || key === "") throw new Error("invalid key/value pair format in driver options");
    return [key.trim().toLowerCase(), value.trim()];
  });
  const one = attachment(pairs.find(([key]) => key === "name")?.[1] ?? "");
  for (const [key, value] of pairs) {
    const set = setters[key];
    if (!set) throw new Error(`invalid field key ${key}`);
    set(one, value);
  }
  if (one.target === "") throw new Error("no name set for network");
  return one;
}

const setters: Readonly<Record<string, (one: Attachment, value: string) => void>> = {
  name: () => undefined,
  alias: (one, value) => void one.aliases.push(value),
  ip: (one, value) => {
    one.ip = value;
  },
  ip6: (one, value) => {
    one.ip6 = value;
  },
  "mac-address": (one, value) => {
    one.mac = value;
  },
  "link-local-ip": (one, value) => void one.linkLocal.push(value),
  "driver-opt": (one, value) => {
    const [key, text] = cut(value, "=");
    if (text === undefined) throw new Error("invalid key/value pair format in driver options");
    one.driverOptions[key] = text;
  },
  "gw-priority": (one, value) => {
    if (!/^-?\d+$/.test(value)) throw new Error(`invalid gw-priority (${value}): invalid syntax`);
    one.priority = Number(value);
  },
};

function applyFlags(one: Attachment, flags: FlagValues): void {
  one.aliases = either(one.aliases, flags.list("network-alias"), "--network-alias and per-network alias");
  one.ip = either(one.ip, flags.text("ip"), "--ip and per-network IPv4 address");
  one.ip6 = either(one.ip6, flags.text("ip6"), "--ip6 and per-network IPv6 address");
  one.linkLocal = either(
    one.linkLocal,
    flags.list("link-local-ip"),
    "--link-local-ip and per-network link-local IP addresses",
  );
  if (flags.has("mac-address")) checkMac(flags.text("mac-address"));
  one.mac = either(one.mac, flags.text("mac-address"), "--mac-address and per-network MAC address");
  if (isUserDefined(one.target)) one.links = flags.list("link");
  if (one.aliases.length > 0 && !isUserDefined(one.target)) {
    throw new Error("network-scoped aliases are only supported for user-defined networks");
  }
}

function either<T extends { readonly length: number }>(own: T, flag: T, names: string): T {
  if (own.length > 0 && flag.length > 0) {
    throw new Error(`conflicting options: cannot specify both ${names}`);
  }
  return own.length > 0 ? own : flag;
}

function endpoint(one: Attachment): EndpointSettings {
  return compact<EndpointSettings>({
    IPAMConfig: compact<NonNullable<EndpointSettings["IPAMConfig"]>>({
      IPv4Address: one.ip,
      IPv6Address: one.ip6,
      LinkLocalIPs: one.linkLocal,
    }),
    Links: one.links,
    Aliases: one.aliases,
    MacAddress: one.mac,
    DriverOpts: one.driverOptions,
    GwPriority: one.priority === 0 ? undefined : one.priority,
  });
}
