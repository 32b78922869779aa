/** One flag, with its value if it has one. */
export type Option = readonly [flag: string] | readonly [flag: string, value: string];

/** Flags of a command line, and what of the original they cannot say. */
export interface RunWords {
  readonly words: Option[];
  readonly lost: string[];
}

/** `--name value`, or nothing where there is no value. */
export function flag(name: string, value: string | number | null | undefined): Option[] {
  return value === undefined || value === null || value === "" || value === 0
    ? []
    : [[`--${name}`, String(value)]];
}

/** `--name`, where it is so. */
export function toggle(name: string, on: boolean | null | undefined): Option[] {
  return on ? [[`--${name}`]] : [];
}

/** The same flag for each value. */
export function flags(name: string, values: readonly string[] | null | undefined): Option[] {
  return (values ?? []).map((value) => [`--${name}`, value] as const);
}

/** `key=value` for each entry. */
export function pairs(entries: Readonly<Record<string, string>> | null | undefined): string[] {
  return Object.entries(entries ?? {}).map(([key, value]) => `${key}=${value}`);
}

/** A value as a field of `--mount` and its like: in CSV's quotes where it needs them. */
export function csvField(text: string): string {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Nanoseconds as a Go duration that flags take. */
export function durationWord(nanoseconds: number | undefined): string | undefined {
  if (!nanoseconds) return undefined;
  if (nanoseconds % 1e9 === 0) return `${nanoseconds / 1e9}s`;
  return nanoseconds % 1e6 === 0 ? `${nanoseconds / 1e6}ms` : `${nanoseconds}ns`;
}

/** A word as a POSIX shell reads it back. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
