import { SystemError } from "../../sys/index.ts";
import type { Request } from "./message.ts";

/** One message of an answer. `error` is 0 for an acknowledgement and undefined for data. */
export interface Answer {
  readonly type: number;
  readonly sequence: number;
  readonly body: Uint8Array;
  readonly error?: number;
  /** The kernel's own words on a failure. */
  readonly detail?: string;
}

const errorType = 2;
const doneType = 3;
const cappedFlag = 0x100;
const detailFlag = 0x200;

/** Cuts the bytes of an answer into messages. */
export function parseAnswers(bytes: Uint8Array): readonly Answer[] {
  const answers: Answer[] = [];
  for (let at = 0; at + 16 <= bytes.length; ) {
    const view = viewOf(bytes.subarray(at));
    const length = view.getUint32(0, true);
    if (length < 16 || at + length > bytes.length) break;
    answers.push(parseAnswer(bytes.subarray(at, at + length)));
    at += (length + 3) & ~3;
  }
  return answers;
}

/** Throws for the first answer that says no to something that matters. */
export function throwFailures(answers: readonly Answer[], requests: readonly Request[]): void {
  for (const { error, sequence, detail } of answers) {
    if (!error) continue;
    const request = requests[sequence - 1] ?? requests[0];
    const failure = new SystemError(request?.call ?? "use netlink", error, request?.subject ?? "", detail);
    if (!request?.tolerates?.includes(failure.code)) throw failure;
  }
}

/** The attributes behind a fixed header of `skip` bytes, by type. */
export function attributesOf(bytes: Uint8Array, skip: number): ReadonlyMap<number, Uint8Array> {
  const found = new Map<number, Uint8Array>();
  for (let at = skip; at + 4 <= bytes.length; ) {
    const view = viewOf(bytes.subarray(at));
    const length = view.getUint16(0, true);
    if (length < 4) break;
    found.set(view.getUint16(2, true) & 0x3fff, bytes.subarray(at + 4, at + length));
    at += (length + 3) & ~3;
  }
  return found;
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A NUL-terminated text. */
export function textOf(bytes: Uint8Array | undefined): string {
  return bytes ? Buffer.from(bytes).toString("utf8").replace(/\0.*$/s, "") : "";
}

export function numberOf(bytes: Uint8Array | undefined, littleEndian = true): number | undefined {
  return bytes && bytes.length >= 4 ? viewOf(bytes).getUint32(0, littleEndian) : undefined;
}

function parseAnswer(message: Uint8Array): Answer {
  const view = viewOf(message);
  const type = view.getUint16(4, true);
  const flags = view.getUint16(6, true);
  const base = { type, sequence: view.getUint32(8, true), body: message.subarray(16) };
  if (type === doneType) {
    // A dump ends with its own result; 0 when all went well.
    const result = message.length >= 20 ? view.getInt32(16, true) : 0;
    return { ...base, error: -result };
  }
  if (type !== errorType) return base;
  const original = view.getUint32(20, true);
  const skip = 4 + ((flags & cappedFlag) === 0 ? (original + 3) & ~3 : 16);
  const detail = (flags & detailFlag) === 0 ? "" : textOf(attributesOf(base.body, skip).get(1));
  return { ...base, error: -view.getInt32(16, true), detail };
}
