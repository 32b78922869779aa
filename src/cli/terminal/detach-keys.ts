import { EngineError } from "../../base/index.ts";

/** The keys that leave a container when nothing else is said. */
export const defaultDetachKeys = "ctrl-p,ctrl-q";

/** Reads `ctrl-p,ctrl-q` or `a,b` as the bytes that a terminal sends; throws `invalid` in Docker's words. */
export function parseDetachKeys(text: string): number[] {
  return text.split(",").map((key) => {
    const code = keyCode(key);
    if (code === undefined) {
      throw new EngineError("invalid", `invalid detach keys (${text}): Unknown character: '${key}'`, {
        subject: text,
      });
    }
    return code;
  });
}

function keyCode(key: string): number | undefined {
  if (key.length === 1) return key.charCodeAt(0);
  const control = /^ctrl-([a-z@[\\\]^_])$/.exec(key)?.[1];
  if (control === undefined) return undefined;
  return control.toUpperCase().charCodeAt(0) - 64;
}

/** Watches typed bytes for the detach keys. A start of the sequence is held back until the next byte tells. */
export class DetachWatch {
  readonly #keys: readonly number[];
  #seen = 0;

  constructor(keys: readonly number[]) {
    this.#keys = keys;
  }

  /** The bytes to pass on, and whether the sequence is complete. */
  push(bytes: Uint8Array): { readonly pass: Uint8Array; readonly detached: boolean } {
    const pass: number[] = [];
    for (const byte of bytes) {
      if (byte !== this.#keys[this.#seen]) {
        pass.push(...this.#keys.slice(0, this.#seen));
        this.#seen = 0;
        if (byte !== this.#keys[0]) {
          pass.push(byte);
          continue;
        }
      }
      this.#seen += 1;
      if (this.#seen === this.#keys.length) return { pass: Uint8Array.from(pass), detached: true };
    }
    return { pass: Uint8Array.from(pass), detached: false };
  }
}
