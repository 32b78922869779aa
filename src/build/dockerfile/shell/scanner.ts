/** Reads a text code point by code point. */
export class Scanner {
  readonly #characters: readonly string[];
  #at = 0;

  constructor(text: string) {
    this.#characters = [...text];
  }

  /** The next character without taking it; undefined at the end. */
  peek(): string | undefined {
    return this.#characters[this.#at];
  }

  /** Takes the next character; undefined at the end. */
  next(): string | undefined {
    const character = this.#characters[this.#at];
    if (character !== undefined) this.#at += 1;
    return character;
  }

  get ended(): boolean {
    return this.#at >= this.#characters.length;
  }
}
