const known = new Set(["syntax", "escape", "check"]);

/**
 * Reads the parser directives (`# escape=x`) at the head of a file. They end at the first line that is none.
 * Throws a plain `Error` with Docker's words; the caller adds the place.
 */
export class DirectiveReader {
  readonly #seen = new Set<string>();
  #done = false;
  #escape = "\\";

  /** `\` or a backtick. */
  get escape(): string {
    return this.#escape;
  }

  /** Takes the next line of the file into account. */
  read(line: string): void {
    if (this.#done) return;
    const match = /^\s*#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$/.exec(line);
    const key = match?.[1]?.toLowerCase() ?? "";
    if (!known.has(key)) {
      this.#done = true;
      return;
    }
    if (this.#seen.has(key)) throw new Error(`only one ${key} parser directive can be used`);
    this.#seen.add(key);
    if (key === "escape") this.#setEscape(match?.[2] ?? "");
  }

  #setEscape(value: string): void {
    if (value !== "\\" && value !== "`") {
      throw new Error(`invalid escape token '${value}' does not match \` or \\`);
    }
    this.#escape = value;
  }
}
