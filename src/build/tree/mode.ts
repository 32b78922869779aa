import { EngineError } from "../../base/index.ts";

/** The mode that `--chmod` gives a file: octal, or symbolic (`u=rwX,go-w`) upon the mode that it has. */
export function changeMode(chmod: string, mode: number, isDirectory: boolean): number {
  if (/^[0-7]+$/.test(chmod)) return Number.parseInt(chmod, 8) & 0o7777;
  return chmod.split(",").reduce((current, clause) => applyClause(clause, current, isDirectory), mode);
}

const whoShifts: Readonly<Record<string, number>> = { u: 6, g: 3, o: 0 };
const setIDBits: Readonly<Record<string, number>> = { u: 0o4000, g: 0o2000 };

function applyClause(clause: string, mode: number, isDirectory: boolean): number {
  const match = /^([ugoa]*)([-+=])([rwxXst]*)$/.exec(clause);
  if (!match) {
    throw new EngineError("invalid", `invalid chmod parameter: '${clause}'`, { subject: clause });
  }
  const [, written = "", operator, permissions = ""] = match;
  const who = written === "" || written.includes("a") ? "ugo" : written;
  let bits = permissions.includes("t") ? 0o1000 : 0;
  let covered = 0;
  for (const letter of new Set(who)) {
    const shift = whoShifts[letter] ?? 0;
    covered |= 0o7 << shift;
    bits |= permissionBits(permissions, mode, isDirectory) << shift;
    if (permissions.includes("s")) bits |= setIDBits[letter] ?? 0;
  }
  if (operator === "+") return mode | bits;
  return operator === "-" ? mode & ~bits : (mode & ~covered) | bits;
}

function permissionBits(permissions: string, mode: number, isDirectory: boolean): number {
  const executable = isDirectory || (mode & 0o111) !== 0;
  return (
    (permissions.includes("r") ? 4 : 0) |
    (permissions.includes("w") ? 2 : 0) |
    (permissions.includes("x") || (permissions.includes("X") && executable) ? 1 : 0)
  );
}
