import { EngineError } from "../base/index.ts";

export interface Security {
  readonly seccomp: "default" | "unconfined" | object;
  readonly seccompGiven: boolean;
  readonly noNewPrivileges: boolean;
  /** `systempaths=unconfined`: nothing masked, nothing read-only. */
  readonly unconfinedPaths: boolean;
  /** A profile of AppArmor, or `unconfined`. */
  readonly appArmor?: string;
  /** A label of SELinux; `disable` is none. */
  readonly label?: string;
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
      return { noNewPrivileges: cut < 0 || readBoolean(option, value) };
    case "systempaths":
      if (value !== "unconfined") throw unsupported(option);
      return { unconfinedPaths: true };
    case "apparmor":
      return value === "" ? {} : { appArmor: value };
    case "label":
      return value === "disable" ? {} : { label: value };
    default:
      throw unsupported(option);
  }
}

/** Go's ParseBool. */
function readBoolean(option: string, text: string): boolean {
  if (["1", "t", "T", "TRUE", "true", "True"].includes(text)) return true;
  if (["0", "f", "F", "FALSE", "false", "False"].includes(text)) return false;
  throw unsupported(option);
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

/** What was asked of security modules that this host does not run. */
export function confinementWarnings(
  { appArmor, label }: Security,
  host: { readonly appArmor?: boolean },
): string[] {
  return [
    ...(appArmor && appArmor !== "unconfined" && !host.appArmor
      ? ["AppArmor is not enabled on this host. Profile discarded."]
      : []),
    ...(label ? ["SELinux labels are not supported by this engine. Label discarded."] : []),
  ];
}
