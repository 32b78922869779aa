import { readFile, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { codeOf, EngineError } from "../../base/index.ts";
import { parseEnvironmentFile } from "./dotenv.ts";

export interface LocateOptions {
  /** Where the search starts; absolute. */
  readonly directory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly files?: readonly string[];
  readonly environmentFiles?: readonly string[];
  readonly projectDirectory?: string;
}

/** Where a project's files are and which variables they see. */
export interface Located {
  /** Absolute paths; `-` is standard input. */
  readonly files: readonly string[];
  /** What relative paths start from. */
  readonly directory: string;
  readonly environmentFiles: readonly string[];
  /** Variables of the environment, then those of the environment files. */
  readonly variables: ReadonlyMap<string, string>;
}

const names = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];

/**
 * Finds the Compose files (given, `COMPOSE_FILE`, or the nearest upward from `directory` with its override file) and
 * reads the environment files. Throws `not-found` with Compose's words when there are no files.
 */
export async function locate(options: LocateOptions): Promise<Located> {
  const guess = resolve(
    options.directory,
    options.projectDirectory ?? givenDirectory(options.files ?? []) ?? ".",
  );
  const early = await readVariables(options, guess);
  const files = await chooseFiles(options, early.variables);
  const directory =
    options.projectDirectory === undefined
      ? resolve(options.directory, givenDirectory(files) ?? ".")
      : resolve(options.directory, options.projectDirectory);
  const late = directory === guess ? early : await readVariables(options, directory);
  return { files, directory, ...late };
}

/** The variables and environment files of a directory, without looking for Compose files. */
export async function readVariables(
  options: Pick<LocateOptions, "directory" | "environment" | "environmentFiles">,
  projectDirectory: string,
): Promise<{ variables: ReadonlyMap<string, string>; environmentFiles: readonly string[] }> {
  const outer = new Map<string, string>();
  for (const [name, value] of Object.entries(options.environment))
    if (value !== undefined) outer.set(name, value);
  const given = options.environmentFiles?.length
    ? options.environmentFiles
    : splitList(outer.get("COMPOSE_ENV_FILES"), ",");
  const disabled = /^(1|true)$/i.test(outer.get("COMPOSE_DISABLE_ENV_FILE") ?? "");
  const wanted = given.map((file) => ({ path: resolve(options.directory, file), needed: true }));
  if (wanted.length === 0 && !disabled) wanted.push({ path: join(projectDirectory, ".env"), needed: false });
  const values = new Map<string, string>();
  const environmentFiles: string[] = [];
  for (const { path, needed } of wanted) {
    const text = await readIfThere(path);
    if (text === undefined) {
      if (needed) throw new EngineError("not-found", `couldn't find env file: ${path}`, { subject: path });
      continue;
    }
    environmentFiles.push(path);
    const lookup = (name: string): string | undefined => outer.get(name) ?? values.get(name);
    for (const [name, value] of parseEnvironmentFile(text, { file: path, lookup })) values.set(name, value);
  }
  return { variables: new Map([...values, ...outer]), environmentFiles };
}

/** The text of a file, or undefined when there is none at `path`. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "EISDIR" || codeOf(error) === "ENOTDIR")
      return undefined;
    throw error;
  }
}

async function chooseFiles(
  options: LocateOptions,
  variables: ReadonlyMap<string, string>,
): Promise<string[]> {
  const separator = variables.get("COMPOSE_PATH_SEPARATOR") ?? ":";
  const given = options.files?.length ? options.files : splitList(variables.get("COMPOSE_FILE"), separator);
  if (given.length > 0) return given.map((file) => (file === "-" ? "-" : resolve(options.directory, file)));
  const start = resolve(options.directory, options.projectDirectory ?? ".");
  for (let directory = start; ; directory = dirname(directory)) {
    const found = await findIn(directory);
    if (found.length > 0) return found;
    if (directory === dirname(directory)) break;
  }
  throw new EngineError("not-found", "no configuration file provided: not found", {
    subject: options.directory,
  });
}

async function findIn(directory: string): Promise<string[]> {
  for (const name of names) {
    const path = join(directory, name);
    if (!(await isFile(path))) continue;
    const stem = name.replace(/\.ya?ml$/, "");
    const overrides = [".yml", ".yaml"].map((ending) => join(directory, `${stem}.override${ending}`));
    for (const override of overrides) if (await isFile(override)) return [path, override];
    return [path];
  }
  return [];
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR" || codeOf(error) === "EACCES") return false;
    throw error;
  }
}

function givenDirectory(files: readonly string[]): string | undefined {
  const first = files[0];
  return first === undefined || first === "-" ? undefined : dirname(first);
}

function splitList(text: string | undefined, separator: string): string[] {
  return (text ?? "").split(separator).filter((part) => part !== "");
}

export interface NameSources {
  /** Given on the command line. */
  readonly given: string | undefined;
  /** `COMPOSE_PROJECT_NAME`. */
  readonly environment: string | undefined;
  /** The `name:` of the files, variables replaced. */
  readonly file: string | undefined;
  readonly directory: string;
}

/** The project's name, from the first source that has one. Throws `invalid` when a chosen name cannot be used. */
export function projectName(sources: NameSources): string {
  const chosen = sources.given || sources.environment || sources.file;
  if (chosen) {
    if (chosen === normalName(chosen)) return chosen;
    throw new EngineError(
      "invalid",
      `invalid project name "${chosen}": must consist only of lowercase alphanumeric characters, hyphens, and underscores as well as start with a letter or number`,
      { subject: chosen },
    );
  }
  const name = normalName(basename(sources.directory));
  if (name === "")
    throw new EngineError("invalid", "project name must not be empty", { subject: sources.directory });
  return name;
}

function normalName(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9_-]/g, "")
    .replace(/^[_-]+/, "");
}
