/**
 * What is wrong with a text that is no JSON, in the words of Go's decoder, on which clients and their users rely. A
 * small reader that stops at the first fault; it builds nothing.
 */
export function jsonFault(text: string): string {
  const reader: Reader = { text, at: 0 };
  try {
    skipValue(reader, 0);
    skipSpace(reader);
  } catch (error) {
    if (error instanceof Fault) return error.message;
    throw error;
  }
  return reader.at < text.length ? "unexpected content after JSON" : "unexpected end of JSON input";
}

interface Reader {
  readonly text: string;
  at: number;
}

class Fault extends Error {}

const deepest = 10_000;

function skipValue(reader: Reader, depth: number): void {
  if (depth > deepest) throw new Fault("exceeded max depth");
  skipSpace(reader);
  const next = peek(reader);
  if (next === "{") skipItems(reader, { close: "}", depth, what: "object key:value pair" });
  else if (next === "[") skipItems(reader, { close: "]", depth, what: "array element" });
  else if (next === '"') skipString(reader);
  else skipWord(reader);
}

interface Items {
  readonly close: string;
  readonly depth: number;
  readonly what: string;
}

function skipItems(reader: Reader, items: Items): void {
  reader.at += 1;
  skipSpace(reader);
  if (peek(reader) === items.close) {
    reader.at += 1;
    return;
  }
  for (;;) {
    if (items.close === "}") skipKey(reader);
    skipValue(reader, items.depth + 1);
    skipSpace(reader);
    const next = peek(reader);
    if (next !== "," && next !== items.close) throw bad(reader, `after ${items.what}`);
    reader.at += 1;
    if (next === items.close) return;
  }
}

function skipKey(reader: Reader): void {
  skipSpace(reader);
  if (peek(reader) !== '"') throw bad(reader, "looking for beginning of object key string");
  skipString(reader);
  skipSpace(reader);
  if (peek(reader) !== ":") throw bad(reader, "after object key");
  reader.at += 1;
}

function skipString(reader: Reader): void {
  reader.at += 1;
  for (let next = peek(reader); next !== '"'; next = peek(reader)) {
    if (next < " ") throw bad(reader, "in string literal");
    if (next === "\\") skipEscape(reader);
    else reader.at += 1;
  }
  reader.at += 1;
}

function skipEscape(reader: Reader): void {
  reader.at += 1;
  const next = peek(reader);
  if (!/["\\/bfnrtu]/.test(next)) throw bad(reader, "in string escape code");
  reader.at += 1;
  if (next !== "u") return;
  for (let digit = 0; digit < 4; digit += 1) {
    if (!/[0-9a-fA-F]/.test(peek(reader))) throw bad(reader, "in \\u hexadecimal character escape");
    reader.at += 1;
  }
}

function skipWord(reader: Reader): void {
  const word = /^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)/.exec(
    reader.text.slice(reader.at, reader.at + 400),
  )?.[0];
  if (word === undefined) throw bad(reader, "looking for beginning of value");
  reader.at += word.length;
}

function skipSpace(reader: Reader): void {
  while (/[ \t\r\n]/.test(reader.text.charAt(reader.at))) reader.at += 1;
}

function peek(reader: Reader): string {
  const next = reader.text.charAt(reader.at);
  if (next === "") throw new Fault("unexpected EOF");
  return next;
}

function bad(reader: Reader, context: string): Fault {
  const next = reader.text.charAt(reader.at);
  const plain = next === '"' ? next : JSON.stringify(next).slice(1, -1);
  const shown = next === "'" ? "'\\''" : `'${plain}'`;
  return new Fault(`invalid character ${shown} ${context}`);
}
