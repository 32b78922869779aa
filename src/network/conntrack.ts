import { dumpNetlink, netlinkProtocols, openNetlink } from "../sys/index.ts";
import { parseAddress } from "./ipv4.ts";
import {
  attribute,
  attributesOf,
  encode,
  join,
  listAddresses,
  nest,
  networkU16,
  networkU32,
  numberOf,
  parseAnswers,
  perform,
  type Request,
  requestFlags,
  throwFailures,
  u8,
  u32,
} from "./netlink/index.ts";

/** One tracked connection: where it was sent, and who answers. */
interface Tracked {
  readonly sentTo: number;
  readonly answeredBy: number;
  /** The kernel's own words for it, to name it in a deletion. */
  readonly tuple: Uint8Array;
}

const subsystem = 0x100;
const get = subsystem | 1;
const remove = subsystem | 2;
const original = 1;
const reply = 2;
const filter = 25;
const udp = 17;
/** Bits of a filter, by the part of a tuple that has to match. */
const matches = { source: 0x01, protocol: 0x08, destinationPort: 0x20 } as const;

/**
 * Forgets what the kernel tracks of datagrams to a container. A client that goes on sending from the same port is
 * then led to whoever publishes the port now, not to the container that is gone.
 */
export function forgetDatagramsTo(address: string): void {
  const source = networkU32(parseAddress(address) ?? 0);
  const tuple = nest(reply, nest(1, attribute(1, source)), nest(2, attribute(1, u8(udp))));
  forget(tracked(tuple, { reply: matches.source | matches.protocol }));
}

/**
 * Forgets datagrams that were sent to a port of the host before somebody published it: the kernel would go on
 * delivering them to the host itself.
 */
export function forgetDatagramsAt(port: number): void {
  const ports = nest(2, attribute(1, u8(udp)), attribute(3, networkU16(port)));
  const own = new Set(listAddresses().map(({ address }) => address));
  const isOwn = (address: number) => own.has(address) || address >>> 24 === 127;
  const found = tracked(nest(original, ports), { original: matches.protocol | matches.destinationPort });
  forget(found.filter(({ sentTo, answeredBy }) => sentTo === answeredBy && isOwn(sentTo)));
}

function tracked(tuple: Uint8Array, flags: { original?: number; reply?: number }): readonly Tracked[] {
  const wanted = nest(filter, attribute(1, u32(flags.original ?? 0)), attribute(2, u32(flags.reply ?? 0)));
  const request = message(get, requestFlags.dump, tuple, wanted);
  const answers = parseAnswers(dumpNetlink(netlinkProtocols.netfilter, encode([request])));
  throwFailures(answers, [request]);
  return answers.filter(({ error }) => error === undefined).map(({ body }) => parseTracked(body));
}

function forget(connections: readonly Tracked[]): void {
  if (connections.length === 0) return;
  using socket = openNetlink(netlinkProtocols.netfilter);
  for (const { tuple } of connections) {
    perform(socket, [{ ...message(remove, requestFlags.none, tuple), tolerates: ["ENOENT"] }]);
  }
}

function parseTracked(body: Uint8Array): Tracked {
  const attributes = attributesOf(body, 4);
  const forth = attributes.get(original) ?? new Uint8Array(0);
  const back = attributes.get(reply) ?? new Uint8Array(0);
  return {
    sentTo: numberOf(addresses(forth).get(2), false) ?? 0,
    answeredBy: numberOf(addresses(back).get(1), false) ?? 0,
    tuple: nest(original, forth),
  };
}

function addresses(tuple: Uint8Array): ReadonlyMap<number, Uint8Array> {
  return attributesOf(attributesOf(tuple, 0).get(1) ?? new Uint8Array(0), 0);
}

function message(type: number, flags: number, ...attributes: readonly Uint8Array[]): Request {
  const inet = 2;
  return {
    call: "track connections",
    subject: "udp",
    type,
    flags,
    body: join(new Uint8Array([inet, 0, 0, 0]), ...attributes),
  };
}
