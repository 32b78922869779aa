/** Splits `a=b,"c=d,e"` at its commas; quotes keep a comma, two quotes in them are one. */
export function splitCsv(text: string): string[] {
  const fields: string[] = [];
  let field = "";
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === '"' && quoted && text.charAt(at + 1) === '"') {
      field += '"';
      at += 1;
    } else if (character === '"') {
      quoted = !quoted;
    } else if (character === "," && !quoted) {
      fields.push(field);
      field = "";
    } else {
      field += character;
    }
  }
  return [...fields, field];
}

/** Cuts at the first `separator`; the second part is undefined when there is none. */
export function cut(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)];
}

/** `["a=b", "c"]` as `{ a: "b", c: "" }`. */
export function keyValues(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(pairs.map((pair) => cut(pair, "=")).map(([key, value]) => [key, value ?? ""]));
}
