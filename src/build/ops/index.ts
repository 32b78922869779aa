export { keyPrefix } from "./active-snapshot.ts";
export { CommandError } from "./command-error.ts";
export { copyOp } from "./copy-op.ts";
export { directoryOp } from "./directory-op.ts";
export type { MountTrees } from "./run-mounts.ts";
export { runOp } from "./run-op.ts";
export { type BuildSession, emptyTree, type Op, type Tree } from "./types.ts";
