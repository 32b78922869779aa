import { formatBytes } from "../../../base/index.ts";
import type { FileState, ImageFileChange } from "../../../wire/index.ts";

/** A change as a line: letter, bytes more or less, path, and what of mode, owner, kind or target is new. */
export function changeText(change: ImageFileChange): string {
  const { Change, Path, Before, After } = change;
  const arrow = After?.Target === undefined ? "" : ` -> ${After.Target}`;
  const notes = Before && After ? differences(Before, After) : [];
  const note = notes.length > 0 ? `  (${notes.join(", ")})` : "";
  return `${Change} ${sizeText(Before, After).padStart(9)}  ${Path}${arrow}${note}`;
}

/** How many bytes a change adds. */
export function growthOf({ Before, After }: ImageFileChange): number {
  return (After?.Size ?? 0) - (Before?.Size ?? 0);
}

/** `+1.2kB`, `-3B`, `0B`. */
export function signedBytes(bytes: number): string {
  if (bytes === 0) return "0B";
  return `${bytes > 0 ? "+" : "-"}${formatBytes(Math.abs(bytes))}`;
}

function sizeText(before: FileState | undefined, after: FileState | undefined): string {
  return signedBytes((after?.Size ?? 0) - (before?.Size ?? 0));
}

function differences(before: FileState, after: FileState): string[] {
  return [
    ...(before.Type === after.Type ? [] : [`${before.Type} → ${after.Type}`]),
    ...(before.Mode === after.Mode ? [] : [`mode ${octal(before.Mode)} → ${octal(after.Mode)}`]),
    ...(owner(before) === owner(after) ? [] : [`owner ${owner(before)} → ${owner(after)}`]),
  ];
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}

function owner({ Uid, Gid }: FileState): string {
  return `${Uid}:${Gid}`;
}
