/** Lines of cells that a tab ends, aligned as Go's tabwriter does for Docker: at least 10 wide, 3 apart. */
export function alignTable(lines: readonly string[], options: { least?: number; gap?: number } = {}): string {
  const { least = 10, gap = 3 } = options;
  const rows = lines.map((line) => line.split("\t"));
  const widths: number[] = [];
  for (const cells of rows) {
    for (const [column, cell] of cells.slice(0, -1).entries()) {
      widths[column] = Math.max(widths[column] ?? least, displayWidth(cell) + gap);
    }
  }
  return rows.map((cells) => `${alignRow(cells, widths)}\n`).join("");
}

function alignRow(cells: readonly string[], widths: readonly number[]): string {
  const last = cells.length - 1;
  return cells.map((cell, column) => (column === last ? cell : padTo(cell, widths[column] ?? 0))).join("");
}

function padTo(cell: string, width: number): string {
  return cell + " ".repeat(Math.max(0, width - displayWidth(cell)));
}

/** Characters that a terminal shows: colour sequences count for nothing. */
function displayWidth(text: string): number {
  // Nearly every cell, and there are thousands of them in a long table.
  if (/^[ -~]*$/.test(text)) return text.length;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character starts a colour sequence
  return [...text.replace(/\u001b\[[0-9;]*m/g, "")].length;
}
