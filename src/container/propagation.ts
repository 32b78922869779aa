import { readFile, realpath } from "node:fs/promises";
import { EngineError } from "../base/index.ts";
import type { MountRecord } from "./types.ts";

/**
 * Checks that what is to be shared with the host stands on a mount that is shared: the kernel would silently keep it
 * apart. Throws `invalid` in Docker's words.
 */
export async function checkPropagation(mounts: readonly MountRecord[]): Promise<void> {
  const asked = mounts.filter(({ type, propagation }) => type === "bind" && /shared|slave/.test(propagation));
  if (asked.length === 0) return;
  const text = await readFile("/proc/self/mountinfo", "utf8");
  for (const { source, propagation } of asked) checkOne(text, await realpath(source), propagation);
}

/** Pure: `mountinfo` is the text of the file of that name. */
export function checkOne(mountinfo: string, source: string, propagation: string): void {
  const { path, options } = mountOf(mountinfo, source);
  const isShared = options.some((option) => option.startsWith("shared:"));
  const isSlave = options.some((option) => option.startsWith("master:"));
  const shareable = propagation.endsWith("shared");
  if (isShared || (!shareable && isSlave)) return;
  const wanted = shareable ? "shared" : "shared or slave";
  throw new EngineError("invalid", `path ${source} is mounted on ${path} but it is not a ${wanted} mount`, {
    subject: source,
  });
}

/** The mount that holds a path: of those at the deepest place the last one, which covers the others. */
function mountOf(mountinfo: string, source: string): { path: string; options: string[] } {
  let best = { path: "/", options: [] as string[] };
  for (const line of mountinfo.split("\n")) {
    const fields = line.split(" ");
    const path = decodePath(fields[4] ?? "");
    const holds = path === "/" || source === path || source.startsWith(`${path}/`);
    if (path === "" || !holds || path.length < best.path.length) continue;
    best = { path, options: fields.slice(6, fields.indexOf("-")) };
  }
  return best;
}

function decodePath(path: string): string {
  return path.replace(/\\(\d{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8)));
}
