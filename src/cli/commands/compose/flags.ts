import type { FlagSpec } from "../../flags/index.ts";

/** Flags that several verbs share. */
export const timeoutFlag: FlagSpec = {
  name: "timeout",
  short: "t",
  kind: "int",
  help: "Specify a shutdown timeout in seconds",
};

export const removeOrphansFlag: FlagSpec = {
  name: "remove-orphans",
  kind: "bool",
  help: "Remove containers for services not defined in the Compose file",
};

export const quietFlag = (help: string): FlagSpec => ({ name: "quiet", short: "q", kind: "bool", help });

export const indexFlag: FlagSpec = {
  name: "index",
  kind: "int",
  help: "Index of the container if service has multiple replicas",
};
