import type { FlagSpec } from "./spec.ts";

const width = 80;

/** The lines that describe flags, in Docker's layout, wrapped to 80 columns. */
export function flagHelp(specs: readonly FlagSpec[]): string {
  const shown = specs.filter((spec) => spec.alias === undefined);
  const sorted = [...shown].sort((a, b) => (a.name < b.name ? -1 : 1));
  const lefts = sorted.map(leftSide);
  const column = Math.max(0, ...lefts.map((left) => left.length)) + 3;
  return sorted.map((spec, index) => entry(spec, { left: lefts[index] ?? "", column })).join("\n");
}

function leftSide(spec: FlagSpec): string {
  const type = spec.type ?? kindWord[spec.kind];
  return `  ${spec.short ? `-${spec.short}, ` : "    "}--${spec.name}${type === "" ? "" : ` ${type}`}`;
}

const kindWord = {
  bool: "",
  string: "string",
  int: "int",
  uint: "uint",
  decimal: "decimal",
  bytes: "bytes",
  swap: "bytes",
  duration: "duration",
  list: "list",
  strings: "strings",
  filter: "filter",
} as const;

function entry(spec: FlagSpec, layout: { left: string; column: number }): string {
  const quoted = spec.kind === "string" || spec.kind === "strings";
  const shown = quoted ? JSON.stringify(spec.default) : spec.default;
  const text = spec.default === undefined ? spec.help : `${spec.help} (default ${shown})`;
  const lines = wrap(text, Math.max(24, width - layout.column));
  return lines.map((line, index) => (index === 0 ? layout.left : "").padEnd(layout.column) + line).join("\n");
}

function wrap(text: string, most: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > most) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
