import { messageOf, parseBytes, parseDuration } from "../../base/index.ts";
import type { FlagKind, FlagSpec } from "./spec.ts";
import { parseBool } from "./values.ts";

/** Throws with the reason, in Docker's words, when the text is not a value of this flag. */
export function checkValue(spec: FlagSpec, text: string): void {
  checks[spec.kind]?.(text);
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
  bytes: (text) => void parseBytes(text),
  swap: (text) => {
    if (text !== "-1") parseBytes(text);
  },
  duration: (text) => {
    try {
      parseDuration(text);
    } catch (error) {
      throw new Error(`time: ${messageOf(error)}`);
    }
  },
  filter: (text) => {
    if (!text.includes("=")) throw new Error("bad format of filter (expected name=value)");
  },
};

function syntax(parser: string, text: string): Error {
  return new Error(`strconv.${parser}: parsing ${JSON.stringify(text)}: invalid syntax`);
}
