import { createHash } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { codeOf } from "../base/index.ts";
import type { RuntimeSpec } from "../oci/index.ts";
import type { OciRuntime } from "./runtimes.ts";

const annotation = "run.oci.seccomp_bpf_data";

/** A specification with its filter ready made, or with the place where the runtime's filter is to be kept. */
export interface PreparedFilter {
  readonly spec: RuntimeSpec;
  readonly keepAt: string | undefined;
}

/**
 * Compiled system call filters. Compiling the default profile takes crun longer than all else it does, so the
 * first container's filter is kept and given to the next ones with the same profile. Other runtimes compile.
 */
export class SeccompCache {
  readonly #directory: string;
  readonly #filters = new Map<string, string>();

  private constructor(directory: string) {
    this.#directory = directory;
  }

  static async open(directory: string): Promise<SeccompCache> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    return new SeccompCache(directory);
  }

  async prepare(spec: RuntimeSpec, runtime: OciRuntime): Promise<PreparedFilter> {
    const profile = spec.linux.seccomp;
    if (!profile || runtime.kind !== "crun") return { spec, keepAt: undefined };
    const key = createHash("sha256")
      .update(`${runtime.version}\n${JSON.stringify(profile)}`)
      .digest("hex");
    const path = join(this.#directory, key);
    const filter = this.#filters.get(key) ?? (await readFilter(path));
    if (!filter) return { spec, keepAt: path };
    this.#filters.set(key, filter);
    return { spec: withFilter(spec, filter), keepAt: undefined };
  }
}

/** A profile must stay: without one exec would not filter. Were the filter ignored, this one lets nothing run. */
function withFilter(spec: RuntimeSpec, filter: string): RuntimeSpec {
  return {
    ...spec,
    annotations: { ...spec.annotations, [annotation]: filter },
    linux: { ...spec.linux, seccomp: { defaultAction: "SCMP_ACT_ERRNO", architectures: [], syscalls: [] } },
  };
}

async function readFilter(path: string): Promise<string | undefined> {
  try {
    const bytes = await readFile(path);
    // Eight bytes an instruction; anything else was cut short.
    return bytes.length > 0 && bytes.length % 8 === 0 ? bytes.toString("base64") : undefined;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}
