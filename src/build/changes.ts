import { digestOf, EngineError } from "../base/index.ts";
import type { ImageRunConfig } from "../oci/index.ts";
import { type ArgValues, lower, outline, parseDockerfile, parseProgram } from "./dockerfile/index.ts";

const allowed = new Set(
  "CMD ENTRYPOINT ENV EXPOSE HEALTHCHECK LABEL ONBUILD STOPSIGNAL USER VOLUME WORKDIR".split(" "),
);
const base = "changed-image";
const platform = { os: "linux", architecture: "amd64" };
const values: ArgValues = { buildArgs: {}, platform, buildPlatform: platform, targetStage: "" };

/**
 * A run config after Dockerfile lines, as `import --change` and `commit --change` take them. Pure. Throws `invalid`
 * for an instruction that changes more than the config, and for a malformed one.
 */
export function applyChanges(config: ImageRunConfig, lines: readonly string[]): ImageRunConfig {
  if (lines.length === 0) return config;
  for (const line of lines) checkLine(line);
  const text = [`FROM ${base}`, ...lines].join("\n");
  const program = parseProgram(parseDockerfile(new TextEncoder().encode(text), "changes"));
  const { OnBuild: triggers = [], ...plain } = config;
  const image = {
    id: digestOf(""),
    config: { ...platform, config: plain, rootfs: { type: "layers" as const, diff_ids: [] } },
  };
  const plan = lower(outline(program, { values }), { values, images: new Map([[base, image]]), labels: {} });
  const changed: ImageRunConfig = plan.steps.at(-1)?.config ?? plain;
  const all = [...triggers, ...(changed.OnBuild ?? [])];
  return all.length > 0 ? { ...changed, OnBuild: all } : changed;
}

function checkLine(line: string): void {
  const name = /^\s*(\w+)/.exec(line)?.[1]?.toUpperCase() ?? "";
  if (allowed.has(name) && !/[\r\n]/.test(line)) return;
  throw new EngineError("invalid", `${name || line} is not a valid change command`, { subject: line });
}
