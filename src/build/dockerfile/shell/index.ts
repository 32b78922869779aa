export { type ExpandOptions, expandText, expandWords } from "./expand.ts";
export { ExpansionError } from "./substitution.ts";
