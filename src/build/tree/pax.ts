const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** PAX records by key; values are bytes, as extended attributes need not be text. */
export type PaxRecords = ReadonlyMap<string, Uint8Array>;

/** Parses the body of a PAX header: `<length> <key>=<value>\n` each. What is malformed ends the list. */
export function parsePax(body: Uint8Array): Map<string, Uint8Array> {
  const records = new Map<string, Uint8Array>();
  let at = 0;
  while (at < body.length) {
    const space = body.indexOf(0x20, at);
    const length = space < 0 ? 0 : Number(decoder.decode(body.subarray(at, space)));
    const equals = space < 0 ? -1 : body.indexOf(0x3d, space);
    if (!Number.isInteger(length) || length <= 0 || equals < 0 || at + length > body.length) break;
    const key = decoder.decode(body.subarray(space + 1, equals));
    records.set(key, body.slice(equals + 1, at + length - 1));
    at += length;
  }
  return records;
}

/** The body of a PAX header; records sorted by key, so that the same ones give the same bytes. */
export function encodePax(records: PaxRecords): Uint8Array {
  const encoded = [...records]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => encodeRecord(encoder.encode(` ${key}=`), value));
  return Buffer.concat(encoded);
}

function encodeRecord(key: Uint8Array, value: Uint8Array): Uint8Array {
  const rest = key.length + value.length + 1;
  let length = rest + String(rest).length;
  if (String(length).length !== String(rest).length) length = rest + String(length).length;
  return Buffer.concat([encoder.encode(String(length)), key, value, encoder.encode("\n")]);
}

export function textOf(records: PaxRecords, key: string): string | undefined {
  const value = records.get(key);
  return value === undefined ? undefined : decoder.decode(value);
}

export function bytesOf(text: string): Uint8Array {
  return encoder.encode(text);
}
