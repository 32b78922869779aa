import { splitWords } from "./words.ts";

/** The arguments of one instruction, cut as its syntax wants it. */
export interface Arguments {
  readonly args: readonly string[];
  readonly json: boolean;
}

/**
 * Cuts the text after an instruction's name and flags. Throws a plain `Error` with Docker's words for text that the
 * instruction cannot hold; unknown instructions have no arguments.
 */
export function parseArguments(name: string, text: string, escapeCharacter: string): Arguments {
  switch (name) {
    case "add":
    case "copy":
    case "volume":
      return parseJSON(text) ?? { args: splitBlanks(text), json: false };
    case "cmd":
    case "entrypoint":
    case "run":
    case "shell":
      return parseCommand(text);
    case "healthcheck":
      return parseHealthcheck(text);
    case "env":
    case "label":
      return { args: parsePairs(name, text, escapeCharacter), json: false };
    case "arg":
      return { args: splitWords(text, escapeCharacter), json: false };
    case "expose":
    case "from":
      return { args: splitBlanks(text), json: false };
    case "maintainer":
    case "stopsignal":
    case "user":
    case "workdir":
      return { args: text === "" ? [] : [text], json: false };
    default:
      return { args: [], json: false };
  }
}

function splitBlanks(text: string): string[] {
  return text === "" ? [] : text.split(/[\t\v\f\r ]+/);
}

function parseCommand(text: string): Arguments {
  if (text === "") return { args: [], json: false };
  return parseJSON(text) ?? { args: [text], json: false };
}

/** A JSON array of strings; undefined for text that is no JSON array at all. */
function parseJSON(text: string): Arguments | undefined {
  if (!text.startsWith("[")) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(value)) return undefined;
  const args: string[] = [];
  for (const item of value) {
    if (typeof item !== "string") {
      throw new Error("when using JSON array syntax, arrays must be comprised of strings only");
    }
    args.push(item);
  }
  return { args, json: true };
}

function parseHealthcheck(text: string): Arguments {
  const match = /^(\S+)\s*(.*)$/s.exec(text);
  if (!match) return { args: [], json: false };
  const command = parseCommand(match[2] ?? "");
  return { args: [match[1] ?? "", ...command.args], json: command.json };
}

function parsePairs(name: string, text: string, escapeCharacter: string): string[] {
  const words = splitWords(text, escapeCharacter);
  const first = words[0];
  if (first === undefined) return [];
  if (!first.includes("=")) {
    const match = /^([^\t\v\f\r ]+)[\t\v\f\r ]+(.*)$/s.exec(text);
    if (!match) throw new Error(`${name.toUpperCase()} must have two arguments`);
    return [match[1] ?? "", match[2] ?? "", ""];
  }
  return words.flatMap((word) => {
    const equals = word.indexOf("=");
    if (equals < 0) {
      throw new Error(
        `Syntax error - can't find = in ${JSON.stringify(word)}. Must be of the form: name=value`,
      );
    }
    return [word.slice(0, equals), word.slice(equals + 1), "="];
  });
}
