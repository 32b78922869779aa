import { attribute, join, nest, type Request, requestFlags, text, u8, u32 } from "./message.ts";

const newLink = 16;
const deleteLinkType = 17;
const getLink = 18;
const address = 1;
const ifName = 3;
const mtuAttribute = 4;
const alias = 20;
const master = 10;
const linkInfo = 18;
const familySpec = 26;
const namespaceFD = 28;
const transmitQueues = 31;
const receiveQueues = 32;
const infoKind = 1;
const infoData = 2;
const infoSlaveKind = 4;
const infoSlaveData = 5;
const vethPeer = 1;
const portAttributes = {
  hairpin: 4,
  learning: 8,
  unicastFlood: 9,
  flush: 24,
  multicastFlood: 27,
  broadcastFlood: 30,
  isolated: 33,
} as const;
const inet = 2;
const inet6 = 10;
const up = 0x1;

/** How a link is named in a request: by index, or by name where the kernel takes one. */
export type LinkReference = { readonly index: number } | { readonly name: string };

export interface LinkSettings {
  readonly name: string;
  readonly macAddress: string;
  readonly mtu: number;
}

/** IPv4 settings of one link, by their number in the kernel (IPV4_DEVCONF_*). */
export const ipv4Settings = { arpNotify: 22, routeLocalnet: 26 } as const;

/** What a bridge does with one of its ports. */
export interface BridgePort {
  /** Frames may leave by the port they came in. */
  readonly hairpin?: boolean;
  /** Isolated ports do not reach one another. */
  readonly isolated?: boolean;
}

/** A bridge, up, that never gets IPv6 addresses of its own. */
export function createBridge(link: LinkSettings): Request {
  return {
    call: "create bridge",
    subject: link.name,
    type: newLink,
    flags: requestFlags.create | requestFlags.exclusive,
    body: join(header(), ...settings(link), nest(linkInfo, attribute(infoKind, text("bridge")))),
  };
}

/** A veth pair: this end up on a bridge here, the other end in another namespace and still down. */
export function createVeth(
  link: LinkSettings,
  options: { bridgeIndex: number; peer: LinkSettings; namespace: number },
): Request {
  const peer = join(
    header(),
    ...settings(options.peer),
    ...singleQueue,
    attribute(namespaceFD, u32(options.namespace)),
  );
  const info = nest(linkInfo, attribute(infoKind, text("veth")), nest(infoData, nest(vethPeer, peer)));
  return {
    call: "create link",
    subject: link.name,
    type: newLink,
    flags: requestFlags.create | requestFlags.exclusive,
    body: join(
      header({ up: true }),
      ...settings(link),
      ...singleQueue,
      attribute(master, u32(options.bridgeIndex)),
      info,
    ),
  };
}

/** Raises a link. */
export function setUp(link: LinkReference): Request {
  return change("raise link", link, { up: true });
}

/** Sets the MAC address of a link, which announces its IPv4 addresses where `arpNotify` is set. */
export function setMac(link: LinkReference, macAddress: string): Request {
  return change("configure link", link, {}, attribute(address, macBytes(macAddress)));
}

/** Sets the text by which people, and the next engine, know whose link it is. */
export function setAlias(link: LinkReference, words: string): Request {
  return change("name owner of", link, {}, attribute(alias, Buffer.from(words)));
}

/** Makes a link a port of a bridge. */
export function setMaster(link: LinkReference, bridgeIndex: number): Request {
  return change("attach link", link, {}, attribute(master, u32(bridgeIndex)));
}

/** Sets IPv4 settings of a link. */
export function setIPv4(link: LinkReference, values: Readonly<Record<number, number>>): Request {
  const entries = Object.entries(values).map(([key, value]) => attribute(Number(key), u32(value)));
  return change("configure link", link, {}, nest(familySpec, nest(inet, nest(1, ...entries))));
}

/** Keeps the kernel from giving a link an IPv6 address; where IPv6 is switched off there is nothing to do. */
export function setNoIPv6(link: LinkReference): Request {
  const request = change("configure link", link, {}, nest(familySpec, nest(inet6, attribute(8, u8(1)))));
  return { ...request, tolerates: ["EAFNOSUPPORT"] };
}

/** Changes how a bridge treats a port. */
export function setBridgePort(link: LinkReference, port: BridgePort): Request {
  return changePort(
    link,
    ...(port.hairpin === undefined ? [] : [attribute(portAttributes.hairpin, u8(Number(port.hairpin)))]),
    ...(port.isolated === undefined ? [] : [attribute(portAttributes.isolated, u8(Number(port.isolated)))]),
  );
}

/**
 * Makes a bridge send nothing to a port any more, forget the addresses behind it and learn no new ones. (Disabling
 * the port would not last: the bridge enables it again at the next change of the link.)
 */
export function muteBridgePort(link: LinkReference): Request {
  const { learning, unicastFlood, multicastFlood, broadcastFlood, flush } = portAttributes;
  const off = [learning, unicastFlood, multicastFlood, broadcastFlood].map((type) => attribute(type, u8(0)));
  return changePort(link, ...off, attribute(flush, new Uint8Array(0)));
}

function changePort(link: LinkReference, ...data: readonly Uint8Array[]): Request {
  const kind = attribute(infoSlaveKind, text("bridge"));
  return change("configure bridge port", link, {}, nest(linkInfo, kind, nest(infoSlaveData, ...data)));
}

/** Deletes a link; the kernel makes the caller wait for tens of milliseconds. */
export function deleteLink(link: LinkReference): Request {
  return { ...change("delete link", link, {}), type: deleteLinkType };
}

/** Asks for one link. */
export function queryLink(link: LinkReference): Request {
  return { ...change("find link", link, {}), type: getLink };
}

/** Asks for all links. */
export function dumpLinks(): Request {
  return { call: "list links", subject: "", type: getLink, flags: requestFlags.dump, body: header() };
}

const singleQueue = [attribute(transmitQueues, u32(1)), attribute(receiveQueues, u32(1))];

function settings(link: LinkSettings): readonly Uint8Array[] {
  return [
    attribute(ifName, text(link.name)),
    attribute(address, macBytes(link.macAddress)),
    attribute(mtuAttribute, u32(link.mtu)),
  ];
}

function macBytes(macAddress: string): Uint8Array {
  return new Uint8Array(macAddress.split(":").map((part) => Number.parseInt(part, 16)));
}

function change(
  call: string,
  link: LinkReference,
  flags: { up?: boolean },
  ...attributes: readonly Uint8Array[]
): Request {
  const byName = "name" in link ? [attribute(ifName, text(link.name))] : [];
  const index = "index" in link ? link.index : 0;
  return {
    call,
    subject: "name" in link ? link.name : `link ${link.index}`,
    type: newLink,
    flags: requestFlags.none,
    body: join(header({ index, ...flags }), ...byName, ...attributes),
  };
}

function header(options: { index?: number; up?: boolean } = {}): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setInt32(4, options.index ?? 0, true);
  view.setUint32(8, options.up ? up : 0, true);
  view.setUint32(12, options.up ? up : 0, true);
  return bytes;
}
