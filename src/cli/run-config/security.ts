import { codeOf, messageOf } from "../../base/index.ts";
import { cut } from "./csv.ts";
import type { ConfigSurroundings } from "./surroundings.ts";

/** What `--security-opt` asks for. */
export interface SecurityOptions {
  readonly options: string[];
  /** True for `systempaths=unconfined`: no path is masked or read-only. */
  readonly unmasked: boolean;
}

/** Reads security options; the text of a seccomp profile goes in place of its path. Throws in Docker's words. */
export async function readSecurityOptions(
  at: ConfigSurroundings,
  given: readonly string[],
): Promise<SecurityOptions> {
  const unmasked = given.includes("systempaths=unconfined");
  const others = given.filter((option) => option !== "systempaths=unconfined");
  return { options: await Promise.all(others.map((option) => resolveOption(at, option))), unmasked };
}

async function resolveOption(at: ConfigSurroundings, option: string): Promise<string> {
  const separator = option.includes("=") ? "=" : ":";
  const [key, value] = cut(option, separator);
  if (value === undefined) {
    if (key === "no-new-privileges") return option;
    throw new Error(`Invalid --security-opt: ${JSON.stringify(option)}`);
  }
  if (key !== "seccomp" || value === "unconfined" || value === "builtin") return option;
  const text = await at.readText(value).catch((error: unknown) => {
    const why = codeOf(error) === "ENOENT" ? `open ${value}: no such file or directory` : messageOf(error);
    throw new Error(`opening seccomp profile (${value}) failed: ${why}`);
  });
  return `seccomp=${compactJSON(value, text)}`;
}

function compactJSON(path: string, text: string): string {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch (error) {
    throw new Error(`compacting json for seccomp profile (${path}) failed: ${messageOf(error)}`);
  }
}
