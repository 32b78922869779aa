/** Plain output for people: headings, commands, tables. Colours only where a person looks at it. */

const coloured = process.stdout.isTTY === true && !process.env.NO_COLOR;
const paint = (code: string) => (text: string) => (coloured ? `\x1b[${code}m${text}\x1b[0m` : text);

export const bold = paint("1");
export const dim = paint("2");
export const green = paint("32");
export const red = paint("31");
export const cyan = paint("36");

export function line(text = ""): void {
  process.stdout.write(`${text}\n`);
}

/** A heading. */
export function heading(text: string): void {
  line(`\n${bold(text)}`);
}

/** The command that is run. */
export function command(words: readonly string[]): void {
  line(`  ${cyan(`$ gantry ${words.join(" ")}`)}`);
}

/** Output of a command, as it came. */
export function output(text: string): void {
  for (const row of text.trimEnd().split("\n")) line(`    ${row}`);
}

/** Rows in columns, each as wide as its widest cell. */
export function table(rows: readonly (readonly string[])[]): void {
  const plain = (cell: string): number => Bun.stringWidth(cell);
  const widths: number[] = [];
  for (const row of rows) {
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, plain(cell));
  }
  for (const row of rows) {
    const cells = row.map((cell, index) => cell + " ".repeat((widths[index] ?? 0) - plain(cell)));
    line(`    ${cells.join("  ").trimEnd()}`);
  }
}

/** `87 ms` or `4.2 s`. */
export function span(milliseconds: number): string {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}

/** `2.1 MB`. */
export function size(bytes: number): string {
  const units = ["B", "kB", "MB", "GB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}
