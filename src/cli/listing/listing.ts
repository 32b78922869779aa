import type { Output } from "../output.ts";
import { compileTemplate, ownJSON, type TemplateOptions } from "../template/index.ts";
import { alignTable } from "./table.ts";

/** One line of a listing: what templates may ask for. `Label` and the like take an argument. */
export type Row = Readonly<Record<string, string | boolean | null | ((key: string) => string)>>;

export interface ListingOptions {
  /** What `--format` says; undefined or `table` is the default table. */
  readonly format: string | undefined;
  /** Template of the default table, its columns parted by tabs. */
  readonly table: string;
  /** Headings by field. */
  readonly headings: Readonly<Record<string, string>>;
  /** Docker's name for the rows' type, for messages; `formatter.` may stand before it. */
  readonly type: string;
  /** What stands before a failure of the template; default Docker's words for containers. */
  readonly runError?: string;
}

/** Prints rows as a table, as JSON lines, or through a Go template. */
export async function printListing(
  out: Output,
  rows: readonly Row[],
  options: ListingOptions,
): Promise<void> {
  const text = renderListing(rows, options);
  if (text !== "") await out.write(text);
}

/** See `printListing`. */
export function renderListing(rows: readonly Row[], options: ListingOptions): string {
  const { format = "table" } = options;
  if (format === "json") return rows.map((row) => `${rowJSON(row)}\n`).join("");
  const isTable = format === "table" || format.startsWith("table ");
  const source = format === "table" || format === "" ? options.table : format.replace(/^table\s+/, "");
  const template = compileTemplate(withTabs(source), errors(options));
  const lines = rows.map((row) => template.run(rowObject(row)));
  if (!isTable && format !== "") return lines.map((line) => `${line}\n`).join("");
  return alignTable([template.run(headingRow(options)), ...lines]);
}

function errors({ type, runError = "failed to execute template" }: ListingOptions): TemplateOptions {
  const full = type.includes(".") ? type : `formatter.${type}`;
  return {
    parseError: "failed to parse template",
    runError,
    missing: (_owner, name) => {
      throw new Error(`can't evaluate field ${name} in type *${full}`);
    },
  };
}

/** A row as templates see it: `{{json .}}` shows the plain fields. A field that is not asked for is not computed. */
export function rowObject(row: Row): object {
  return Object.defineProperty(row, ownJSON, {
    value: () => rowJSON(row),
    enumerable: false,
    configurable: true,
  });
}

const htmlSigns: Readonly<Record<string, string>> = { "<": "\\u003c", ">": "\\u003e", "&": "\\u0026" };

/** Rows come with HTML's signs escaped, as Go writes them where nobody says otherwise. */
export function rowJSON(row: Row): string {
  return JSON.stringify(plain(row)).replace(/[<>&]/g, (sign) => htmlSigns[sign] ?? sign);
}

function plain(row: Row): Record<string, string | boolean | null> {
  const fields: Record<string, string | boolean | null> = {};
  for (const key of Object.keys(row).sort()) {
    const value = row[key];
    if (typeof value !== "function" && value !== undefined) fields[key] = value;
  }
  return fields;
}

function headingRow({ headings }: ListingOptions): object {
  return { ...headings, Label: (key: string) => key.split(".").at(-1)?.replace(/[-_]/g, " ") ?? key };
}

function withTabs(text: string): string {
  return text.replaceAll("\\t", "\t").replaceAll("\\n", "\n");
}
