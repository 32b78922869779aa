import { EngineError } from "../base/index.ts";

const defaultKeys = "ctrl-p,ctrl-q";

/** The bytes of `ctrl-p,ctrl-q`, `ctrl-@`, `x`, …; empty text means the default. Throws `invalid`. */
export function parseDetachKeys(text: string): Uint8Array {
  const keys = (text === "" ? defaultKeys : text).split(",");
  return Uint8Array.from(keys, (key) => parseKey(key, text));
}

function parseKey(key: string, text: string): number {
  if (key.length === 1 && key.charCodeAt(0) < 128) return key.charCodeAt(0);
  const control = /^ctrl-([a-z@[\\\]^_])$/.exec(key)?.[1];
  if (control === undefined) {
    throw new EngineError("invalid", `Invalid detach keys (${text}) provided`, { subject: text });
  }
  return control === "@" ? 0 : control.toUpperCase().charCodeAt(0) - 64;
}

/**
 * Watches typed bytes for the detach sequence. Bytes that may begin it are held back until it is decided; `push`
 * returns what is to be passed on.
 */
export class DetachScanner {
  readonly #keys: Uint8Array;
  #matched = 0;

  constructor(keys: Uint8Array) {
    this.#keys = keys;
  }

  push(chunk: Uint8Array): { pass: Uint8Array; detached: boolean } {
    if (this.#matched === 0 && chunk.indexOf(this.#keys[0] ?? -1) < 0)
      return { pass: chunk, detached: false };
    const out: number[] = [];
    for (const byte of chunk) {
      if (byte !== this.#keys[this.#matched]) {
        out.push(...this.#keys.subarray(0, this.#matched));
        this.#matched = 0;
      }
      if (byte === this.#keys[this.#matched]) {
        this.#matched += 1;
        if (this.#matched === this.#keys.length) return { pass: Uint8Array.from(out), detached: true };
      } else {
        out.push(byte);
      }
    }
    return { pass: Uint8Array.from(out), detached: false };
  }
}
