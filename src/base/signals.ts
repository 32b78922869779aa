import { constants } from "node:os";
import { EngineError } from "./errors.ts";

/** The number of `SIGTERM`, `term`, `15` or `RTMIN+3`; throws `invalid` with Docker's words. */
export function parseSignal(text: string): number {
  const number = signalNumber(text.trim().toUpperCase().replace(/^SIG/, ""));
  if (number === undefined) {
    throw new EngineError("invalid", `invalid signal: ${text}`, { subject: text });
  }
  return number;
}

function signalNumber(name: string): number | undefined {
  if (/^\d+$/.test(name)) {
    const number = Number(name);
    return number >= 1 && number <= 64 ? number : undefined;
  }
  const realTime = /^RT(MIN|MAX)(?:([+-])(\d+))?$/.exec(name);
  if (realTime) {
    const base = realTime[1] === "MIN" ? 34 : 64;
    const number = base + (realTime[2] === "-" ? -1 : 1) * Number(realTime[3] ?? 0);
    return number >= 34 && number <= 64 ? number : undefined;
  }
  return Object.entries(constants.signals).find(([key]) => key === `SIG${name}`)?.[1];
}
