import { EngineError } from "../base/index.ts";
import { ByteSource } from "./byte-source.ts";
import { parseHeader, parsePax, type TarHeader } from "./tar-header.ts";

/** One member of an archive. Its bytes are gone once the next one is asked for. */
export interface TarMember extends TarHeader {
  readonly bytes: AsyncIterable<Uint8Array>;
}

const blockSize = 512;
/** Long names and the like; tools of our day write some hundred bytes. */
const mostExtended = 1024 * 1024;

/**
 * The members of a tar (ustar, PAX, GNU), read in constant memory whatever the archive says of itself. Throws
 * `invalid` for what is none.
 */
export async function* readTar(source: AsyncIterable<Uint8Array>): AsyncIterable<TarMember> {
  const input = new ByteSource(source);
  try {
    for (let header = await nextHeader(input); header; header = await nextHeader(input)) {
      const body = new Body(input, header.size);
      yield { ...header, bytes: body.chunks() };
      await body.skip();
    }
    // What follows the end is not ours, but whoever sends it waits until it is taken.
    while ((await input.some(mostExtended)) !== undefined);
  } finally {
    await input.close();
  }
}

/** Undefined at the end of the archive. Headers that only describe the next one are folded into it. */
async function nextHeader(input: ByteSource): Promise<TarHeader | undefined> {
  let extended: Partial<TarHeader> = {};
  for (;;) {
    const block = await input.take(blockSize);
    if (block.length === 0 && Object.keys(extended).length === 0) return undefined;
    if (block.length < blockSize) throw broken("it ends within a header");
    const header = parseHeader(block);
    if (header === undefined) return undefined;
    if (!isExtension(header)) return { ...header, ...extended };
    const bytes = await readExtension(input, header);
    extended = { ...extended, ...meaning(header, bytes) };
  }
}

function isExtension({ type }: TarHeader): boolean {
  return type === "x" || type === "g" || type === "L" || type === "K";
}

function meaning({ type }: TarHeader, bytes: Uint8Array): Partial<TarHeader> {
  // What holds for the whole archive is about tools and times.
  if (type === "g") return {};
  if (type === "x") return parsePax(bytes);
  const text = new TextDecoder().decode(bytes).replace(/\0.*$/s, "");
  return type === "L" ? { name: text } : { target: text };
}

async function readExtension(input: ByteSource, { size }: TarHeader): Promise<Uint8Array> {
  if (size > mostExtended) throw broken(`a header of ${size} bytes`);
  const bytes = new Uint8Array(await input.take(size));
  const padding = await input.take((blockSize - (size % blockSize)) % blockSize);
  if (bytes.length < size || (bytes.length + padding.length) % blockSize !== 0)
    throw broken("it ends within a header");
  return bytes;
}

/** The data of one member and the padding after it. */
class Body {
  readonly #input: ByteSource;
  readonly #padding: number;
  #left: number;

  constructor(input: ByteSource, size: number) {
    this.#input = input;
    this.#left = size;
    this.#padding = (blockSize - (size % blockSize)) % blockSize;
  }

  async *chunks(): AsyncIterable<Uint8Array> {
    for (let part = await this.#next(); part !== undefined; part = await this.#next()) yield part;
  }

  async skip(): Promise<void> {
    while ((await this.#next()) !== undefined);
    if ((await this.#input.take(this.#padding)).length < this.#padding) throw broken("it ends within a file");
  }

  async #next(): Promise<Uint8Array | undefined> {
    if (this.#left === 0) return undefined;
    const part = await this.#input.some(this.#left);
    if (part === undefined) throw broken("it ends within a file");
    this.#left -= part.length;
    return part;
  }
}

function broken(why: string): EngineError {
  return new EngineError("invalid", `Cannot load images: ${why}`, { subject: "archive" });
}
