/**
 * Cuts a line at blanks outside quotes. Quotes and escapes stay in the words: expansion removes them later.
 * An escape character keeps the next character from ending a word, except inside single quotes.
 */
export function splitWords(text: string, escapeCharacter: string): string[] {
  const e = escapeCharacter === "\\" ? "\\\\" : escapeCharacter;
  const word = new RegExp(`(?:'[^']*'?|"(?:${e}.|[^"${e}])*"?|${e}.|[^\\s'"${e}])+`, "gs");
  return text.match(word) ?? [];
}

function nextQuote(quote: string, character: string): string {
  if (quote !== "") return character === quote ? "" : quote;
  return character === "'" || character === '"' ? character : "";
}

/** Splits the leading `--flag` words off; a bare `--` ends them. Quotes around values are removed. */
export function splitFlags(text: string): { flags: string[]; rest: string } {
  const flags: string[] = [];
  let at = 0;
  for (;;) {
    while (/\s/.test(text[at] ?? "")) at += 1;
    if (!text.startsWith("--", at)) return { flags, rest: text.slice(at) };
    const { word, end } = readFlag(text, at);
    at = end;
    if (word === "--") return { flags, rest: text.slice(at) };
    flags.push(word);
  }
}

function readFlag(text: string, start: number): { word: string; end: number } {
  let word = "";
  let quote = "";
  let at = start;
  for (; at < text.length; at += 1) {
    const character = text[at] ?? "";
    if (quote === "" && /\s/.test(character)) break;
    if (character === "\\") {
      at += 1;
      word += text[at] ?? "";
      continue;
    }
    const next = nextQuote(quote, character);
    if (next === quote) word += character;
    quote = next;
  }
  return { word, end: at };
}
