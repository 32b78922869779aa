import { codeOf } from "../../base/index.ts";
import { cut } from "./csv.ts";
import type { ConfigSurroundings } from "./surroundings.ts";

/** Throws when the text names no variable. */
export function checkVariable(text: string): void {
  if (text === "" || text.startsWith("=")) throw new Error(`invalid environment variable: ${text}`);
}

/** Throws when the text names no label. */
export function checkLabel(text: string): void {
  if (text === "" || text.startsWith("=")) throw new Error(`invalid label '${text}': empty name`);
}

/** Variables of the files, then those given one by one; a bare name takes its value from the surroundings. */
export async function readVariables(
  at: ConfigSurroundings,
  from: { readonly files: readonly string[]; readonly given: readonly string[] },
): Promise<string[]> {
  const lines = await readLines(at, { files: from.files, what: "env file" });
  const inFiles = lines.flatMap((line) => (line.includes("=") ? [line] : inherited(at, line)));
  const given = from.given.map((text) => (text.includes("=") ? text : (inherited(at, text)[0] ?? text)));
  return [...inFiles, ...given];
}

/** Labels of the files, then those given one by one. */
export async function readLabels(
  at: ConfigSurroundings,
  from: { readonly files: readonly string[]; readonly given: readonly string[] },
): Promise<Record<string, string>> {
  const lines = await readLines(at, { files: from.files, what: "label file" });
  // A bare name in a file says nothing, as docker has it.
  const pairs = [...lines.filter((line) => line.includes("=")), ...from.given].map((line) => cut(line, "="));
  return Object.fromEntries(pairs.map(([key, value]) => [key, value ?? ""]));
}

function inherited(at: ConfigSurroundings, name: string): string[] {
  const value = at.env[name];
  return value === undefined ? [] : [`${name}=${value}`];
}

async function readLines(
  at: ConfigSurroundings,
  from: { readonly files: readonly string[]; readonly what: string },
): Promise<string[]> {
  const lines: string[] = [];
  for (const file of from.files) {
    const text = await readText(at, file);
    for (const line of text.replace(/^\uFEFF/, "").split(/\r?\n/)) {
      const trimmed = line.trimStart();
      if (trimmed === "" || trimmed.startsWith("#")) continue;
      checkLine(trimmed, `invalid ${from.what} (${file})`);
      lines.push(trimmed);
    }
  }
  return lines;
}

async function readText(at: ConfigSurroundings, file: string): Promise<string> {
  try {
    return await at.readText(file);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
    throw new Error(`open ${file}: no such file or directory`);
  }
}

function checkLine(line: string, file: string): void {
  const [name] = cut(line, "=");
  if (name === "") throw new Error(`${file}: no variable name on line '${line}'`);
  if (/\s/.test(name)) throw new Error(`${file}: variable '${name}' contains whitespaces`);
}
