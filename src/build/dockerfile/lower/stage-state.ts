import type { Digest } from "../../../base/index.ts";
import type { ImageRunConfig } from "../../../oci/index.ts";
import type { VertexID } from "./graph.ts";

/** The path of every image that has none. */
export const defaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** A stage as far as it has been lowered. Values only: a stage FROM another one continues a copy. */
export interface StageState {
  readonly vertex: VertexID;
  readonly config: ImageRunConfig;
  readonly author: string | undefined;
  /** ARGs in scope, in order of declaration; undefined: declared without a value. */
  readonly args: ReadonlyMap<string, string | undefined>;
  /** CMD was set in this stage, not inherited. */
  readonly ownCommand: boolean;
  /** Index of the last step. */
  readonly step: number | undefined;
  readonly base: Digest | undefined;
}

/** The variables that an instruction sees: ARGs, and over them ENV. */
export function variablesOf(state: StageState): ReadonlyMap<string, string> {
  const variables = new Map<string, string>();
  for (const [key, value] of state.args) if (value !== undefined) variables.set(key, value);
  for (const entry of state.config.Env ?? []) {
    const equals = entry.indexOf("=");
    if (equals > 0) variables.set(entry.slice(0, equals), entry.slice(equals + 1));
  }
  return variables;
}

/** ARGs with a value that no ENV hides: `NAME=value`, sorted. */
export function argEnv(state: StageState): string[] {
  const hidden = new Set((state.config.Env ?? []).map((entry) => entry.split("=", 1)[0]));
  return [...state.args]
    .flatMap(([key, value]) => (value === undefined || hidden.has(key) ? [] : [`${key}=${value}`]))
    .sort();
}

/** `Env` with one variable set; it keeps its place when it is there already. */
export function withEnv(env: readonly string[], key: string, value: string): readonly string[] {
  const entry = `${key}=${value}`;
  const at = env.findIndex((candidate) => candidate.startsWith(`${key}=`));
  return at < 0 ? [...env, entry] : env.with(at, entry);
}
