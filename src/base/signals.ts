import { EngineError } from "./errors.ts";

/** Linux's, in the order of their numbers. Not from `node:os`, which every command would load. */
const names = [
  ...["HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE"],
  ...["ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ"],
  ...["VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS"],
];
const numbers: ReadonlyMap<string, number> = new Map([
  ...names.map((name, at) => [name, at + 1] as const),
  ...[["IOT", 6] as const, ["CLD", 17] as const, ["POLL", 29] as const],
]);

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
  return numbers.get(name);
}
