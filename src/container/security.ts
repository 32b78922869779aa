import { EngineError } from "../base/index.ts";

export interface Security {
  readonly seccomp: "default" | "unconfined" | object;
  readonly seccompGiven: boolean;
  readonly noNewPrivileges: boolean;
  /** `systempaths=unconfined`: nothing masked, nothing read-only. */
  readonly unconfinedPaths: boolean;
}

/** Reads `SecurityOpt`; throws `invalid` with Docker's words for what it does not know. */
export function readSecurity(options: readonly string[]): Security {
  let security: Security = {
    seccomp: "default",
    seccompGiven: false,
    noNewPrivileges: false,
    unconfinedPaths: false,
  };
  for (const option of options) security = { ...security, ...readOption(option) };
  return security;
}

function readOption(option: string): Partial<Security> {
  const cut = option.search(/[=:]/);
  const key = cut < 0 ? option : option.slice(0, cut);
  const value = cut < 0 ? "" : option.slice(cut + 1);
  switch (key) {
    case "seccomp":
      return { seccomp: readSeccomp(value), seccompGiven: true };
    case "no-new-privileges":
      return { noNewPrivileges: value === "" || value === "true" };
    case "systempaths":
      return { unconfinedPaths: value === "unconfined" };
    case "apparmor":
    case "label":
      if (value === "unconfined" || value === "disable") return {};
      throw unsupported(option);
    default:
      throw unsupported(option);
  }
}

/** The profile itself stands in the option: clients read the file. */
function readSeccomp(value: string): Security["seccomp"] {
  if (value === "unconfined") return "unconfined";
  if (value === "" || value === "builtin" || value === "default") return "default";
  try {
    const profile: unknown = JSON.parse(value);
    if (typeof profile === "object" && profile !== null) return profile;
  } catch {
    // Falls through to the one error below.
  }
  throw new EngineError("invalid", "Decoding seccomp profile failed: it is not a JSON object", {
    subject: "seccomp",
  });
}

function unsupported(option: string): EngineError {
  return new EngineError("invalid", `invalid --security-opt: "${option}"`, { subject: option });
}
