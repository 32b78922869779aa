import type { FlagSpec } from "./flags/index.ts";

/** The flags before the command. Docker's others are accepted, so that scripts keep working; they do nothing here. */
export const globalFlags: readonly FlagSpec[] = [
  { name: "config", kind: "string", help: "Location of client config files" },
  { name: "context", short: "c", kind: "string", help: "Accepted and ignored" },
  { name: "debug", short: "D", kind: "bool", help: "Enable debug mode" },
  { name: "host", short: "H", kind: "string", type: "list", help: "Engine socket to connect to" },
  { name: "log-level", short: "l", kind: "string", default: "info", help: "Set the logging level" },
  { name: "version", short: "v", kind: "bool", help: "Print version information and quit" },
];
