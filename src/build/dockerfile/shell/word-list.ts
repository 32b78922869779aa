/** Collects words while a text is read: blanks end a word unless they come from quotes or escapes. */
export class WordList {
  readonly #words: string[] = [];
  #word = "";

  /** Adds text in which blanks separate words. */
  addSplit(text: string): void {
    for (const character of text) {
      if (!/\s/.test(character)) this.#word += character;
      else this.#end();
    }
  }

  /** Adds text as it is, blanks included. */
  addWhole(text: string): void {
    this.#word += text;
  }

  finish(): readonly string[] {
    this.#end();
    return this.#words;
  }

  #end(): void {
    if (this.#word !== "") this.#words.push(this.#word);
    this.#word = "";
  }
}
