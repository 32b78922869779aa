import { expandWords } from "../shell/index.ts";
import type { Heredoc } from "./node.ts";

/** The heredocs that a line announces (`RUN <<EOF`, `COPY <<-"a" <<b /`), in order, still without content. */
export function announcedHeredocs(line: string): Heredoc[] {
  const words = unexpanded(line, true);
  return (words ?? []).flatMap((word) => parseHeredoc(word) ?? []);
}

/** The heredoc that a single word announces; undefined when it is none. */
export function parseHeredoc(word: string): Heredoc | undefined {
  const match = /^\d*<<(-?)([^<]+)$/.exec(word);
  if (!match) return undefined;
  const plain = unexpanded(match[2] ?? "", false);
  const raw = unexpanded(match[2] ?? "", true);
  const name = plain?.[0];
  if (name === undefined || plain?.length !== 1) return undefined;
  return { name, content: "", expand: raw?.[0] === name, chomp: match[1] === "-" };
}

function unexpanded(text: string, raw: boolean): readonly string[] | undefined {
  const options = { variables: new Map(), escape: "\\", keepUnset: true, rawQuotes: raw, rawEscapes: raw };
  try {
    return expandWords(text, options);
  } catch {
    // Shell text that Docker's lexer cannot cut announces no heredoc.
    return undefined;
  }
}
