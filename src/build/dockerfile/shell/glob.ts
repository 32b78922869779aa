/** One element of a shell pattern: any run of characters, any one character, or exactly this one. */
type Element = { readonly kind: "any" } | { readonly kind: "one" } | { readonly kind: "is"; text: string };

/** Parses a shell pattern of `*`, `?` and `\x`; a lone `\` at the end stands for itself. */
function parseGlob(pattern: string): Element[] {
  const characters = [...pattern];
  const elements: Element[] = [];
  for (let at = 0; at < characters.length; at += 1) {
    const character = characters[at] ?? "";
    if (character === "*") elements.push({ kind: "any" });
    else if (character === "?") elements.push({ kind: "one" });
    else if (character === "\\" && at + 1 < characters.length) {
      at += 1;
      elements.push({ kind: "is", text: characters[at] ?? "" });
    } else elements.push({ kind: "is", text: character });
  }
  return elements;
}

/** Every length of `text` from `start` on that the elements match, in rising order. Linear in text × pattern. */
function matchEnds(elements: readonly Element[], text: readonly string[], start: number): number[] {
  let positions = new Set([start]);
  for (const element of elements) positions = advance(element, text, positions);
  return [...positions].sort((a, b) => a - b);
}

function advance(element: Element, text: readonly string[], positions: ReadonlySet<number>): Set<number> {
  if (element.kind === "any") {
    const first = Math.min(...positions);
    return new Set(
      positions.size === 0 ? [] : Array.from({ length: text.length - first + 1 }, (_, i) => first + i),
    );
  }
  const next = new Set<number>();
  for (const position of positions) {
    if (position >= text.length) continue;
    if (element.kind === "one" || text[position] === element.text) next.add(position + 1);
  }
  return next;
}

/** `${value#pattern}`, or `##` when greedy. */
export function trimPrefix(value: string, pattern: string, greedy: boolean): string {
  const text = [...value];
  const ends = matchEnds(parseGlob(pattern), text, 0);
  const end = greedy ? ends.at(-1) : ends[0];
  return end === undefined ? value : text.slice(end).join("");
}

/** `${value%pattern}`, or `%%` when greedy. */
export function trimSuffix(value: string, pattern: string, greedy: boolean): string {
  const text = [...value];
  const elements = parseGlob(pattern);
  const starts = Array.from({ length: text.length + 1 }, (_, start) => start);
  for (const start of greedy ? starts : starts.reverse()) {
    if (matchEnds(elements, text, start).at(-1) === text.length) return text.slice(0, start).join("");
  }
  return value;
}

/** `${value/pattern/replacement}`, or `//` for all. Leftmost, longest match; an empty pattern replaces nothing. */
export function replacePattern(
  value: string,
  pattern: string,
  options: { replacement: string; all: boolean },
): string {
  if (pattern === "") return value;
  const text = [...value];
  const elements = parseGlob(pattern);
  let result = "";
  let at = 0;
  while (at < text.length) {
    const end = matchEnds(elements, text, at).at(-1);
    if (end === undefined || end === at) {
      result += text[at];
      at += 1;
      continue;
    }
    result += options.replacement;
    at = end;
    if (!options.all) break;
  }
  return result + text.slice(at).join("");
}
