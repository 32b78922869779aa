export { flagHelp } from "./help.ts";
export { FlagError, type Parsed, type ParseOptions, parseFlags } from "./parse.ts";
export type { FlagKind, FlagSpec } from "./spec.ts";
export { FlagValues, parseBool } from "./values.ts";
