import { randomInt } from "node:crypto";
import type { Packet, Question, StringAnswer } from "dns-packet";
import { networkU32 } from "../netlink/index.ts";
import type { Lookup } from "./names.ts";

/** What a query deserves: our own answer, or that of the servers upstream. */
export type Verdict = { readonly kind: "answer"; readonly bytes: Uint8Array } | { readonly kind: "forward" };

const ttl = 600;
const addressTypes = ["A", "AAAA"];
const headerLength = 12;
const truncatedFlag = 0x0200;
const recursionAvailable = 0x80;
const responseFlag = 0x80;
/** Response codes of RFC 1035. */
const codes = { formatError: 1, serverFailure: 2, notImplemented: 4 } as const;

/**
 * Answers a query for a name or address of the sandbox's networks: all its IPv4 addresses in random order, and
 * nothing for any other type of record. Everything else is to be forwarded; with `keepsSingleLabels` a name of one
 * label never is.
 */
export async function answerQuery(
  query: Uint8Array,
  options: { lookup: Lookup; protocol: "udp" | "tcp"; keepsSingleLabels: boolean },
): Promise<Verdict> {
  const packet = await import("dns-packet");
  const decoded = tryDecode(packet.decode, query);
  const question = decoded?.questions?.[0];
  if (!decoded || !question || decoded.questions?.length !== 1)
    return answered(failure(query, "formatError"));
  if ((((query[2] ?? 0) >> 3) & 15) !== 0) return answered(failure(query, "notImplemented"));
  if (question.type === "PTR") {
    const name = reverseName(question, options.lookup);
    if (name === undefined) return { kind: "forward" };
    const pointer: StringAnswer = { type: "PTR", name: question.name, ttl, data: name };
    return answered(mark(packet.encode({ ...reply(decoded, question), answers: [pointer] })));
  }
  const name = question.name.replace(/\.$/, "");
  const kept = options.keepsSingleLabels && !name.includes(".") && addressTypes.includes(question.type);
  const addresses = options.lookup.addressesOf(name) ?? (kept ? [] : undefined);
  if (!addresses) return { kind: "forward" };
  const head = mark(packet.encode(reply(decoded, question)));
  if (question.type !== "A") return answered(head);
  const limit = options.protocol === "tcp" ? 65_535 : datagramLimit(decoded);
  return answered(withAddresses(head, shuffle(addresses), limit));
}

/** An answer without records that says why there are none. */
export function failure(query: Uint8Array, code: keyof typeof codes): Uint8Array {
  const keepsQuestion = query.length >= headerLength && code !== "formatError";
  const bytes = new Uint8Array(keepsQuestion ? query.length : headerLength);
  bytes.set(query.subarray(0, keepsQuestion ? query.length : 2));
  bytes[2] = responseFlag | ((query[2] ?? 0) & 0x79);
  bytes[3] = recursionAvailable | codes[code];
  return bytes;
}

function answered(bytes: Uint8Array): Verdict {
  return { kind: "answer", bytes };
}

function reply(query: Packet, question: Question): Packet {
  const recursionDesired = (query.flags ?? 0) & 0x0100;
  return { type: "response", id: query.id ?? 0, flags: recursionDesired, questions: [question] };
}

function mark(bytes: Uint8Array): Uint8Array {
  bytes[3] = (bytes[3] ?? 0) | recursionAvailable;
  return bytes;
}

/** Appends A records that point back at the question's name, as many as fit; the rest is marked as cut off. */
function withAddresses(head: Uint8Array, addresses: readonly string[], limit: number): Uint8Array {
  const recordLength = 16;
  const fitting = addresses.slice(0, Math.floor((limit - head.length) / recordLength));
  const bytes = new Uint8Array(head.length + fitting.length * recordLength);
  bytes.set(head);
  const view = new DataView(bytes.buffer);
  view.setUint16(6, fitting.length);
  if (fitting.length < addresses.length) view.setUint16(2, view.getUint16(2) | truncatedFlag);
  fitting.forEach((address, index) => {
    const record = [
      0xc0,
      headerLength,
      0,
      1,
      0,
      1,
      ...networkU32(ttl),
      0,
      4,
      ...address.split(".").map(Number),
    ];
    bytes.set(record, head.length + index * recordLength);
  });
  return bytes;
}

/** How long an answer by UDP may be: 512 bytes, or what the client's EDNS record says. */
function datagramLimit(query: Packet): number {
  const smallest = 512;
  const largest = 4096;
  const edns = query.additionals?.find((record) => record.type === "OPT");
  const offered = edns && "udpPayloadSize" in edns ? edns.udpPayloadSize : smallest;
  return Math.min(largest, Math.max(smallest, offered));
}

function reverseName(question: Question, lookup: Lookup): string | undefined {
  const match = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\.in-addr\.arpa\.?$/i.exec(question.name);
  return match ? lookup.nameOf([match[4], match[3], match[2], match[1]].join(".")) : undefined;
}

function shuffle(addresses: readonly string[]): readonly string[] {
  const result = [...addresses];
  for (let at = result.length - 1; at > 0; at -= 1) {
    const other = randomInt(at + 1);
    [result[at], result[other]] = [result[other] ?? "", result[at] ?? ""];
  }
  return result;
}

function tryDecode(decode: (bytes: Buffer) => Packet, query: Uint8Array): Packet | undefined {
  try {
    return decode(Buffer.from(query));
  } catch {
    return undefined;
  }
}
