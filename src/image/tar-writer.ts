const block = 512;
const encoder = new TextEncoder();

/** Header of a file or, when the name ends with a slash, a directory; names are at most 100 bytes. */
export function tarHeader(name: string, size: number): Uint8Array {
  const header = new Uint8Array(block);
  const isDirectory = name.endsWith("/");
  header.set(encoder.encode(name));
  header.set(encoder.encode(isDirectory ? "0000755" : "0000644"), 100);
  header.set(encoder.encode("0000000"), 108);
  header.set(encoder.encode("0000000"), 116);
  header.set(sizeField(size), 124);
  header.set(encoder.encode("00000000000"), 136);
  header.set(encoder.encode("        "), 148);
  header.set(encoder.encode(isDirectory ? "5" : "0"), 156);
  header.set(encoder.encode("ustar\u000000"), 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.set(encoder.encode(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
  return header;
}

/** Zeros that fill the last block of a file. */
export function tarPadding(size: number): Uint8Array {
  return new Uint8Array((block - (size % block)) % block);
}

/** The end of an archive. */
export function tarEnd(): Uint8Array {
  return new Uint8Array(2 * block);
}

/** Octal digits, or GNU's binary form from 8 GiB on. */
function sizeField(size: number): Uint8Array {
  if (size < 8 ** 11) return encoder.encode(size.toString(8).padStart(11, "0"));
  const field = new Uint8Array(12);
  new DataView(field.buffer).setBigUint64(4, BigInt(size));
  field[0] = 0x80;
  return field;
}
