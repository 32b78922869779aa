export { applyChanges } from "./changes.ts";
export type { BuildEvent, Builder, BuildRequest } from "./types.ts";
