import { resolveIn } from "../resolve-in.ts";
import { cut } from "./csv.ts";

/** What `-v` asks for: binds as the engine takes them, and paths of anonymous volumes. */
export interface Volumes {
  readonly binds: string[];
  readonly anonymous: Record<string, object>;
}

/** Reads volume flags; a source that starts with `.` starts at `directory`. Throws in Docker's words. */
export function parseVolumes(specs: readonly string[], directory: string): Volumes {
  const binds: string[] = [];
  const anonymous: Record<string, object> = {};
  for (const spec of specs) {
    if (spec === "") throw new Error("invalid empty volume spec");
    const fields = spec.split(":");
    if (fields.some((field) => field === "")) {
      throw new Error(`invalid spec: ${spec}: empty section between colons`);
    }
    if (fields.length === 1) anonymous[spec] = {};
    else binds.push(absoluteSource(spec, directory));
  }
  return { binds, anonymous };
}

function absoluteSource(spec: string, directory: string): string {
  const [source, rest = ""] = cut(spec, ":");
  return source.startsWith(".") ? `${resolveIn(directory, source)}:${rest}` : spec;
}

/** Reads `--tmpfs path[:options]` flags. */
export function parseTmpfs(specs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    specs.map((spec) => cut(spec, ":")).map(([path, options]) => [path, options ?? ""]),
  );
}
