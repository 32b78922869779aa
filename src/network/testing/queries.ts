import { type Answer, decode, encode, type Packet, type RecordType } from "dns-packet";

/** A query as a client sends it. For tests. */
export function queryFor(name: string, type: RecordType = "A", more: Partial<Packet> = {}): Uint8Array {
  return encode({ type: "query", id: 4242, flags: 0x0100, questions: [{ type, name }], ...more });
}

/** An answer in short: code, and the data of its records. For tests. */
export function summary(bytes: Uint8Array): {
  code: number;
  data: readonly string[];
  truncated: boolean;
  id: number;
} {
  const packet = decode(Buffer.from(bytes));
  return {
    id: packet.id ?? 0,
    code: (bytes[3] ?? 0) & 15,
    truncated: ((bytes[2] ?? 0) & 2) !== 0,
    data: (packet.answers ?? []).map(dataOf).sort(),
  };
}

/** Answers a query with one address, as a server upstream would. For tests. */
export function replyTo(query: Uint8Array, address: string, code = 0): Uint8Array {
  const { id, questions } = decode(Buffer.from(query));
  const answers: Answer[] = (questions ?? []).map(({ name }) => ({ type: "A", name, ttl: 5, data: address }));
  const bytes = encode({
    type: "response",
    id: id ?? 0,
    questions: questions ?? [],
    answers: code ? [] : answers,
  });
  bytes[3] = code;
  return bytes;
}

function dataOf(answer: Answer): string {
  return "data" in answer ? String(answer.data) : "";
}
