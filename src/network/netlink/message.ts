/** One netlink message, not yet framed. `call` and `subject` name it in errors. */
export interface Request {
  readonly call: string;
  readonly subject: string;
  readonly type: number;
  readonly flags: number;
  /** The family's fixed header with the attributes behind it. */
  readonly body: Uint8Array;
  /** Errors (by name) that do not matter. */
  readonly tolerates?: readonly string[];
}

/** Flags of a request, beside NLM_F_REQUEST and NLM_F_ACK that every one has. */
export const requestFlags = {
  none: 0,
  replace: 0x100,
  exclusive: 0x200,
  create: 0x400,
  dump: 0x300,
} as const;

const nested = 0x8000;
const wanted = 0x1;
const acknowledged = 0x4;

/** An attribute: its type and bytes; 4-byte aligned with the length in front. */
export function attribute(type: number, value: Uint8Array): Uint8Array {
  const bytes = new Uint8Array((4 + value.length + 3) & ~3);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 4 + value.length, true);
  view.setUint16(2, type, true);
  bytes.set(value, 4);
  return bytes;
}

/** An attribute that holds attributes. */
export function nest(type: number, ...parts: readonly Uint8Array[]): Uint8Array {
  return attribute(type | nested, join(...parts));
}

export function text(value: string): Uint8Array {
  return Buffer.from(`${value}\0`);
}

export function u8(value: number): Uint8Array {
  return new Uint8Array([value]);
}

export function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

/** An IPv4 address or another number that travels in network order. */
export function networkU32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, false);
  return bytes;
}

export function networkU16(value: number): Uint8Array {
  return new Uint8Array([value >>> 8, value & 255]);
}

export function join(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** Frames requests into one buffer; the sequence number of each is its place, from 1. */
export function encode(requests: readonly Request[]): Uint8Array {
  return join(...requests.map((request, index) => frame(request, { sequence: index + 1, answered: true })));
}

/**
 * Frames requests as a transaction of the firewall: between the marks of a batch, and with one acknowledgement in
 * all, that of the last. A failure of the whole carries sequence number 0.
 */
export function encodeBatch(requests: readonly Request[]): Uint8Array {
  const last = requests.length - 1;
  return join(
    frame(batchMark(0x10), { sequence: 0, answered: false }),
    ...requests.map((request, index) => frame(request, { sequence: index + 1, answered: index === last })),
    frame(batchMark(0x11), { sequence: 0, answered: false }),
  );
}

function batchMark(type: number): Request {
  const nftables = 10;
  return {
    call: "change the firewall",
    subject: "",
    type,
    flags: 0,
    body: new Uint8Array([0, 0, 0, nftables]),
  };
}

function frame(request: Request, how: { sequence: number; answered: boolean }): Uint8Array {
  const bytes = new Uint8Array((16 + request.body.length + 3) & ~3);
  const view = new DataView(bytes.buffer);
  const dump = (request.flags & requestFlags.dump) === requestFlags.dump;
  const answer = how.answered && !dump ? acknowledged : 0;
  view.setUint32(0, 16 + request.body.length, true);
  view.setUint16(4, request.type, true);
  view.setUint16(6, request.flags | wanted | answer, true);
  view.setUint32(8, how.sequence, true);
  bytes.set(request.body, 16);
  return bytes;
}
