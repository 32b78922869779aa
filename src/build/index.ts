export { createBuilder } from "./builder.ts";
export type { CacheRoots } from "./cache/index.ts";
export { applyChanges } from "./changes.ts";
export { DockerfileError } from "./dockerfile/index.ts";
export { CommandError } from "./ops/index.ts";
export type { BuilderOptions } from "./options.ts";
export type { BuildEvent, Builder, BuildRequest, PullImage } from "./types.ts";
