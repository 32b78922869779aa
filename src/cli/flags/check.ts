import { messageOf, parseBytes, parseDuration } from "../../base/index.ts";
import type { FlagKind, FlagSpec } from "./spec.ts";
import { parseBool } from "./values.ts";

/** Throws with the reason, in Docker's words, when the text is not a value of this flag. */
export function checkValue(spec: FlagSpec, text: string): void {
  checks[spec.kind]?.(text);
  if (spec.type === "uint16" && Number(text) > 65_535) throw syntax("ParseUint", text, "value out of range");
  spec.check?.(text);
}

const checks: Readonly<Partial<Record<FlagKind, (text: string) => void>>> = {
  bool: (text) => {
    if (parseBool(text) === undefined) throw syntax("ParseBool", text);
  },
  int: (text) => {
    if (!/^[+-]?\d+$/.test(text)) throw syntax("ParseInt", text);
  },
  uint: (text) => {
    if (!/^\d+$/.test(text)) throw syntax("ParseUint", text);
  },
  decimal: (text) => {
    if (!/^[+-]?(\d+\.?\d*|\.\d+)$/.test(text)) {
      throw new Error(`failed to parse ${text} as a rational number`);
    }
    if (/\.\d{10,}$/.test(text)) throw new Error("value is too precise");
  },
  bytes: checkBytes,
  swap: (text) => {
    if (text !== "-1") checkBytes(text);
  },
  duration: (text) => {
    try {
      parseDuration(text);
    } catch (error) {
      const missing = /^[+-]?[\d.]+$/.test(text);
      throw new Error(
        `time: ${missing ? `missing unit in duration ${JSON.stringify(text)}` : messageOf(error)}`,
      );
    }
  },
  filter: (text) => {
    if (!text.includes("=")) throw new Error("bad format of filter (expected name=value)");
  },
};

function checkBytes(text: string): void {
  const number = /^[\d.]*/.exec(text)?.[0] ?? "";
  if (/\..*\.|^\.$/.test(number)) throw syntax("ParseFloat", number);
  parseBytes(text);
}

function syntax(parser: string, text: string, why = "invalid syntax"): Error {
  return new Error(`strconv.${parser}: parsing ${JSON.stringify(text)}: ${why}`);
}
