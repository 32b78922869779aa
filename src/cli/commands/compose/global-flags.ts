import type { FlagSpec } from "../../flags/index.ts";

/** The flags between `compose` and its verb. */
export const composeFlags: readonly FlagSpec[] = [
  {
    name: "ansi",
    kind: "string",
    default: "auto",
    help: 'Control when to print ANSI control characters ("never"|"always"|"auto")',
    check: oneOf("never", "always", "auto"),
  },
  { name: "dry-run", kind: "bool", help: "Execute command in dry run mode" },
  { name: "env-file", kind: "list", type: "stringArray", help: "Specify an alternate environment file" },
  { name: "file", short: "f", kind: "list", type: "stringArray", help: "Compose configuration files" },
  {
    name: "parallel",
    kind: "int",
    default: "-1",
    help: "Control max parallelism, -1 for unlimited",
  },
  { name: "profile", kind: "list", type: "stringArray", help: "Specify a profile to enable" },
  {
    name: "progress",
    kind: "string",
    help: "Set type of progress output (auto, tty, plain, quiet)",
    check: oneOf("auto", "tty", "plain", "quiet"),
  },
  {
    name: "project-directory",
    kind: "string",
    help: "Specify an alternate working directory (default: the path of the, first specified, Compose file)",
  },
  { name: "project-name", short: "p", kind: "string", help: "Project name" },
  { name: "version", short: "v", kind: "bool", help: "Show version information" },
];

/** A check that the text is one of these words. */
export function oneOf(...words: readonly string[]): (text: string) => void {
  return (text) => {
    if (!words.includes(text)) throw new Error(`must be one of ${words.join(", ")}`);
  };
}
