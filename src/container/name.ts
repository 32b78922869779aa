import { randomInt } from "node:crypto";
import { EngineError } from "../base/index.ts";
import { adjectives, surnames } from "./name-words.ts";

const pattern = /^\/?[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/** The name without its slash; throws `invalid` with Docker's words. */
export function parseName(text: string): string {
  if (!pattern.test(text)) {
    throw new EngineError(
      "invalid",
      `Invalid container name (${text}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
      { subject: text },
    );
  }
  return text.replace(/^\//, "");
}

/** A name such as `quiet_lovelace` that `taken` does not know. */
export function randomName(taken: (name: string) => boolean): string {
  for (let attempt = 0; ; attempt += 1) {
    const suffix = attempt < 6 ? "" : String(randomInt(10 ** Math.min(9, attempt - 5)));
    const name = `${pick(adjectives)}_${pick(surnames)}${suffix}`;
    if (!taken(name)) return name;
  }
}

function pick(words: readonly string[]): string {
  return words[randomInt(words.length)] ?? "";
}
