import type { FlagSpec } from "./flags/index.ts";

/** The flags before the command. Those for Docker's own log are accepted, so that scripts keep working. */
export const globalFlags: readonly FlagSpec[] = [
  { name: "config", kind: "string", help: "Location of client config files" },
  { name: "context", short: "c", kind: "string", help: 'Only "default": there are no contexts' },
  { name: "debug", short: "D", kind: "bool", help: "Accepted for scripts: there is no log" },
  { name: "host", short: "H", kind: "string", type: "list", help: "Engine socket to connect to" },
  {
    name: "log-level",
    short: "l",
    kind: "string",
    default: "info",
    help: "Accepted for scripts: there is no log",
  },
  { name: "version", short: "v", kind: "bool", help: "Print version information and quit" },
];
