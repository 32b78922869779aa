import { spawn } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { codeOf } from "../../../base/index.ts";
import { ExitError } from "../../exit.ts";

export interface DebianOptions {
  readonly suite: string;
  /** `minbase`, `apt`, `essential`, …: how much is installed. */
  readonly variant: string;
  /** Further packages. */
  readonly include: readonly string[];
  readonly mirror: string;
  readonly architecture: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Told what mmdebstrap says. */
  readonly say: (line: string) => void;
}

/** What nobody reads in a container, as the images of Docker Hub leave it out. */
const unread = ["/usr/share/man/*", "/usr/share/locale/*", "/usr/share/doc/*", "/usr/share/info/*"];
const kept = ["/usr/share/locale/locale.alias", "/usr/share/doc/*/copyright"];
const linesKept = 20;

/** The file system of a Debian suite, made by mmdebstrap. Throws, before its end, when that fails. */
export async function* debianTar(options: DebianOptions): AsyncGenerator<Uint8Array, void> {
  const child = spawn("mmdebstrap", debianWords(options), {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...options.env },
  });
  const { promise: ended, resolve, reject } = Promise.withResolvers<number | null>();
  ended.catch(() => undefined);
  child.once("error", (error) => reject(startError(error)));
  child.once("close", resolve);
  const last: string[] = [];
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    for (const line of text.split("\n").filter((one) => one.trim() !== "")) {
      options.say(line);
      last.push(line);
      if (last.length > linesKept) last.shift();
    }
  });
  try {
    yield* child.stdout.iterator({ destroyOnReturn: true });
    const code = await ended;
    if (code !== 0) throw new ExitError(1, failureText(options, last, code));
  } catch (error) {
    // The output of a program that could not be started breaks off: why is said elsewhere.
    if (child.pid === undefined) await ended;
    throw error;
  } finally {
    if (child.exitCode === null) child.kill("SIGTERM");
  }
}

/** The words of the call. */
export function debianWords(options: Omit<DebianOptions, "env" | "say">): string[] {
  const { suite, variant, include, mirror, architecture } = options;
  return [
    `--variant=${variant}`,
    "--format=tar",
    "--mode=root",
    ...(include.length > 0 ? [`--include=${include.join(",")}`] : []),
    ...(architecture === undefined ? [] : [`--architectures=${architecture}`]),
    ...unread.map((path) => `--dpkgopt=path-exclude=${path}`),
    ...kept.map((path) => `--dpkgopt=path-include=${path}`),
    '--aptopt=Acquire::Languages "none"',
    suite,
    "-",
    ...(mirror === "" ? [] : [mirror]),
  ];
}

/** The mirror that this machine installs from; empty when its sources name none. */
export async function machineMirror(directory = "/etc/apt"): Promise<string> {
  const parts = await readdir(`${directory}/sources.list.d`).catch(() => []);
  const paths = ["sources.list", ...parts.sort().map((name) => `sources.list.d/${name}`)];
  for (const path of paths) {
    const text = await readFile(`${directory}/${path}`, "utf8").catch(() => "");
    const found = mirrorIn(text);
    if (found !== undefined) return found;
  }
  return "";
}

/** The suite that this machine runs, where that is Debian. */
export async function machineSuite(path = "/etc/os-release"): Promise<string> {
  const text = await readFile(path, "utf8").catch(() => "");
  const isDebian = /^ID="?debian"?$/m.test(text);
  return (isDebian && /^VERSION_CODENAME="?([a-z]+)"?$/m.exec(text)?.[1]) || "stable";
}

/** The first mirror of Debian itself in a list of sources, in either of apt's formats. */
export function mirrorIn(sources: string): string | undefined {
  for (const line of sources.split("\n")) {
    const match = /^(?:URIs:\s*|deb\s+(?:\[[^\]]*\]\s+)?)(https?:\/\/\S+)/.exec(line.trim());
    const uri = match?.[1];
    if (uri !== undefined && /\/debian\/?$/.test(uri)) return uri;
  }
  return undefined;
}

function startError(error: unknown): unknown {
  if (codeOf(error) !== "ENOENT") return error;
  return new ExitError(1, "mmdebstrap is missing: install it with `apt-get install mmdebstrap`");
}

function failureText({ suite }: DebianOptions, last: readonly string[], code: number | null): string {
  const errors = last.filter((line) => /^(E|W):/.test(line));
  const why = (errors.length > 0 ? errors : last.slice(-3)).join("\n");
  return `mmdebstrap could not make debian:${suite} (exit code ${code})\n${why}`.trimEnd();
}
