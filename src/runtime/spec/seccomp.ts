import { EngineError } from "../../base/index.ts";
import {
  defaultSeccompProfile,
  type SeccompCondition,
  type SeccompProfile,
  type SeccompRule,
} from "./seccomp-profile.ts";

export interface SeccompRequest {
  /** `default`, `unconfined`, or a profile in Docker's form. */
  readonly profile: "default" | "unconfined" | object;
  readonly capabilities: readonly string[];
  /** Go's name. */
  readonly architecture: string;
}

const nativeArchitecture: Readonly<Record<string, string>> = {
  amd64: "SCMP_ARCH_X86_64",
  arm64: "SCMP_ARCH_AARCH64",
};

/**
 * The filter in the runtime's form: the profile's rules that apply to these capabilities on this architecture.
 * Undefined for `unconfined`. Throws `invalid` for an object that is no profile.
 */
export function buildSeccomp(request: SeccompRequest): object | undefined {
  if (request.profile === "unconfined") return undefined;
  const profile = request.profile === "default" ? defaultSeccompProfile : parseProfile(request.profile);
  const syscalls = profile.syscalls
    .filter((rule) => applies(rule, request))
    .map(({ includes: _includes, excludes: _excludes, ...rule }) => rule);
  return {
    defaultAction: profile.defaultAction,
    ...(profile.defaultErrnoRet === undefined ? {} : { defaultErrnoRet: profile.defaultErrnoRet }),
    architectures: architectures(profile, request.architecture),
    syscalls,
  };
}

function architectures(profile: SeccompProfile, machine: string): readonly string[] {
  const native = nativeArchitecture[machine];
  const found = profile.archMap.find(({ architecture }) => architecture === native);
  return found
    ? [found.architecture, ...found.subArchitectures]
    : profile.archMap.map((one) => one.architecture);
}

/** Every kernel that Gantry runs on is newer than any `minKernel` in use, so that condition always holds. */
function applies(rule: SeccompRule, { capabilities, architecture }: SeccompRequest): boolean {
  const { includes = {}, excludes = {} } = rule;
  const included =
    (includes.caps ?? []).every((name) => capabilities.includes(name)) &&
    matches(includes, architecture, true);
  const excluded =
    (excludes.caps ?? []).some((name) => capabilities.includes(name)) ||
    matches(excludes, architecture, false);
  return included && !excluded;
}

function matches(condition: SeccompCondition, architecture: string, whenOpen: boolean): boolean {
  return condition.arches?.length ? condition.arches.includes(architecture) : whenOpen;
}

/** Reads a profile of a user: Docker's form, or the runtime's own with `architectures` in place of `archMap`. */
function parseProfile(value: object): SeccompProfile {
  const profile: Record<string, unknown> = { ...value };
  const { defaultAction, defaultErrnoRet, syscalls } = profile;
  if (typeof defaultAction !== "string") throw invalid("defaultAction is missing");
  if (syscalls !== undefined && !Array.isArray(syscalls)) throw invalid("syscalls is not a list");
  return {
    defaultAction,
    ...(typeof defaultErrnoRet === "number" ? { defaultErrnoRet } : {}),
    archMap: parseArchitectures(profile),
    syscalls: (syscalls ?? []).map(parseRule),
  };
}

function parseArchitectures(profile: Record<string, unknown>): SeccompProfile["archMap"] {
  const { archMap, architectures: plain } = profile;
  if (Array.isArray(plain) && plain.length > 0) {
    return strings(plain).map((architecture) => ({ architecture, subArchitectures: [] }));
  }
  if (!Array.isArray(archMap)) return [];
  return archMap.map((entry: unknown) => {
    const { architecture, subArchitectures } = record(entry);
    if (typeof architecture !== "string") throw invalid("archMap without architecture");
    return { architecture, subArchitectures: strings(subArchitectures) };
  });
}

function parseRule(value: unknown): SeccompRule {
  const { name, names, action, errnoRet, args, includes, excludes } = record(value);
  const all = typeof name === "string" && name !== "" ? [name] : strings(names);
  if (all.length === 0 || typeof action !== "string") throw invalid("a rule needs names and an action");
  return {
    names: all,
    action,
    ...(typeof errnoRet === "number" ? { errnoRet } : {}),
    ...(Array.isArray(args) && args.length > 0 ? { args: args.map(parseArgument) } : {}),
    includes: parseCondition(includes),
    excludes: parseCondition(excludes),
  };
}

function parseArgument(value: unknown) {
  const { index, value: wanted, valueTwo, op } = record(value);
  if (typeof index !== "number" || typeof wanted !== "number" || typeof op !== "string") {
    throw invalid("an argument test needs index, value and op");
  }
  return { index, value: wanted, op, ...(typeof valueTwo === "number" ? { valueTwo } : {}) };
}

function parseCondition(value: unknown): SeccompCondition {
  const { caps, arches } = record(value ?? {});
  return { caps: strings(caps), arches: strings(arches) };
}

function record(value: unknown): Record<string, unknown> {
  if (typeof value === "object" && value !== null) return { ...value };
  throw invalid("an object is expected");
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === "string") : [];
}

function invalid(why: string): EngineError {
  return new EngineError("invalid", `Decoding seccomp profile failed: ${why}`, { subject: "seccomp" });
}
