import { attribute, nest, networkU32, text, u32 } from "../netlink/index.ts";

/**
 * The kernel's own instructions, of which a rule is made: each loads into a register, compares, looks up or acts. A
 * rule stops at the first that does not match. Numbers are those of linux/netfilter/nf_tables.h.
 */
export type Expression = Uint8Array;

/** What a rule or an element of a verdict map leads to. */
export type Verdict =
  | { readonly kind: "accept" | "drop" }
  | { readonly kind: "jump" | "goto"; readonly chain: string };

const verdictRegister = 0;
/** The first register, 16 bytes long, and the second four bytes of it, by themselves. */
const first = 1;
const firstSecondWord = 9;
const firstThirdWord = 10;
const second = 2;

const metaKeys = { inLink: 6, outLink: 7, protocol: 16 } as const;
const protocols = { tcp: 6, udp: 17 } as const;
const codes = { accept: 1, drop: 0, jump: -3, goto: -4 } as const;

/** The name of a link as 16 bytes. */
export function linkName(name: string): Uint8Array {
  const bytes = new Uint8Array(16);
  bytes.set(Buffer.from(name));
  return bytes;
}

/** Matches when the packet came in by (goes out by) a link of this name, or by another with `not`. */
export function linkIs(
  direction: "inLink" | "outLink",
  name: string,
  how: { not?: boolean } = {},
): Expression[] {
  return [meta(metaKeys[direction], first), compare(linkName(name), how)];
}

/** Matches when the link's name is in a set. */
export function linkIn(direction: "inLink" | "outLink", set: string): Expression[] {
  return [meta(metaKeys[direction], first), lookup(set)];
}

/** Goes where a verdict map leads for the link's name. */
export function linkMap(direction: "inLink" | "outLink", map: string): Expression[] {
  return [meta(metaKeys[direction], first), lookup(map, { into: verdictRegister })];
}

/** Matches addresses whose first byte is this one. */
export function addressBegins(field: "source" | "destination", byte: number): Expression[] {
  return [addressBytes(field, 1), compare(new Uint8Array([byte]))];
}

export function addressIs(field: "source" | "destination", address: number): Expression[] {
  return [addressBytes(field, 4), compare(networkU32(address))];
}

/** Matches when the address is in a set. */
export function addressIn(field: "source" | "destination", set: string): Expression[] {
  return [addressBytes(field, 4), lookup(set)];
}

/** Matches when the packet's destination is an address of this host. */
export function destinationIsLocal(): Expression[] {
  const typeOfAddress = 3;
  const byDestination = 2;
  const local = 2;
  const fib = expression("fib", number(1, first), number(2, typeOfAddress), number(3, byDestination));
  return [fib, compare(u32(local))];
}

/** Goes where a verdict map leads for protocol and destination port. */
export function portMap(map: string): Expression[] {
  return [
    meta(metaKeys.protocol, first),
    destinationPort(firstSecondWord),
    lookup(map, { into: verdictRegister }),
  ];
}

/** Goes where a verdict map leads for destination address, protocol and destination port. */
export function addressPortMap(map: string): Expression[] {
  return [
    addressBytes("destination", 4),
    meta(metaKeys.protocol, firstSecondWord),
    destinationPort(firstThirdWord),
    lookup(map, { into: verdictRegister }),
  ];
}

export function protocolIs(protocol: "tcp" | "udp"): Expression[] {
  return [meta(metaKeys.protocol, first), compare(new Uint8Array([protocols[protocol]]))];
}

export function destinationPortIs(port: number): Expression[] {
  return [destinationPort(first), compare(portBytes(port))];
}

/** Matches packets beyond so many a second; as many again may come at once. */
export function isBeyond(perSecond: number): Expression[] {
  const beyond = 1;
  return [
    expression(
      "limit",
      attribute(1, networkU64(perSecond)),
      attribute(2, networkU64(1)),
      number(3, perSecond),
      number(5, beyond),
    ),
  ];
}

/** Matches packets of a known connection, or of one that a known one expects. */
export function isEstablished(): Expression[] {
  const state = 0;
  const established = 2;
  const related = 4;
  return hasTrackingBits(state, established | related);
}

/** Matches packets of connections whose destination was translated. */
export function isRedirected(): Expression[] {
  const status = 2;
  const destinationTranslated = 0x20;
  return hasTrackingBits(status, destinationTranslated);
}

export function verdict(value: Verdict): Expression[] {
  return [expression("immediate", number(1, verdictRegister), nest(2, verdictData(value)))];
}

/** Gives connections the address of the link by which they leave. */
export function masquerade(): Expression[] {
  return [expression("masq")];
}

/** Leads a new connection to an address and port. */
export function translateTo(target: { address: number; port: number }): Expression[] {
  return [
    expression("immediate", number(1, first), value(2, networkU32(target.address))),
    expression("immediate", number(1, second), value(2, portBytes(target.port))),
    translate({ address: first, port: second }),
  ];
}

/** Leads each new connection to the next entry of a map from 0…count-1 to address and port, in turn. */
export function translateInTurn(count: number, map: { name: string; id: number }): Expression[] {
  const inTurn = 0;
  const turn = expression("numgen", number(1, first), number(2, count), number(3, inTurn), number(4, 0));
  return [
    turn,
    lookup(map.name, { into: first, id: map.id }),
    translate({ address: first, port: firstSecondWord }),
  ];
}

/** The verdict as it stands in rules and in the elements of verdict maps. */
export function verdictData(verdictValue: Verdict): Uint8Array {
  const chain = "chain" in verdictValue ? [attribute(2, text(verdictValue.chain))] : [];
  return nest(2, number(1, codes[verdictValue.kind] >>> 0), ...chain);
}

/** Protocol and port as a key takes them: each filled up to four bytes. */
export function protocolKey(protocol: "tcp" | "udp"): Uint8Array {
  return new Uint8Array([protocols[protocol], 0, 0, 0]);
}

export function portKeyBytes(port: number): Uint8Array {
  return new Uint8Array([port >>> 8, port & 255, 0, 0]);
}

function translate(registers: { address: number; port: number }): Expression {
  const destination = 1;
  const inet = 2;
  return expression(
    "nat",
    number(1, destination),
    number(2, inet),
    number(3, registers.address),
    number(5, registers.port),
  );
}

function hasTrackingBits(key: number, bits: number): Expression[] {
  return [
    expression("ct", number(1, first), number(2, key)),
    expression(
      "bitwise",
      number(1, first),
      number(2, first),
      number(3, 4),
      value(4, u32(bits)),
      value(5, u32(0)),
    ),
    compare(u32(0), { not: true }),
  ];
}

function addressBytes(field: "source" | "destination", length: number): Expression {
  return payload({ base: 1, offset: field === "source" ? 12 : 16, length }, first);
}

function destinationPort(register: number): Expression {
  return payload({ base: 2, offset: 2, length: 2 }, register);
}

function payload(part: { base: number; offset: number; length: number }, register: number): Expression {
  return expression(
    "payload",
    number(1, register),
    number(2, part.base),
    number(3, part.offset),
    number(4, part.length),
  );
}

function meta(key: number, register: number): Expression {
  return expression("meta", number(2, key), number(1, register));
}

function compare(bytes: Uint8Array, how: { not?: boolean } = {}): Expression {
  return expression("cmp", number(1, first), number(2, how.not ? 1 : 0), value(3, bytes));
}

function lookup(set: string, how: { into?: number; id?: number } = {}): Expression {
  return expression(
    "lookup",
    attribute(1, text(set)),
    number(2, first),
    ...(how.into === undefined ? [] : [number(3, how.into)]),
    ...(how.id === undefined ? [] : [number(4, how.id)]),
  );
}

function expression(name: string, ...data: readonly Uint8Array[]): Expression {
  return nest(1, attribute(1, text(name)), nest(2, ...data));
}

function number(type: number, amount: number): Uint8Array {
  return attribute(type, networkU32(amount));
}

function value(type: number, bytes: Uint8Array): Uint8Array {
  return nest(type, attribute(1, bytes));
}

function networkU64(amount: number): Uint8Array {
  return new Uint8Array([0, 0, 0, 0, ...networkU32(amount)]);
}

function portBytes(port: number): Uint8Array {
  return new Uint8Array([port >>> 8, port & 255]);
}
