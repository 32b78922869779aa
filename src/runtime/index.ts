export { type Grants, grantWarnings } from "./grants.ts";
export { readHostAbilities } from "./host.ts";
export type { LimitSupport } from "./limit-support.ts";
export { openRuntime, type RuntimeOptions } from "./runtime.ts";
export { buildExecProcess, buildSpec } from "./spec/build.ts";
export { defaultMaskedPaths, defaultReadonlyPaths } from "./spec/masked-paths.ts";
export type {
  BuiltSpec,
  DeviceNode,
  ExecSpec,
  ExecSpecInput,
  HostAbilities,
  NamespaceSource,
  SpecInput,
} from "./spec-input.ts";
export type {
  AttachOptions,
  AttachStream,
  ExecConfig,
  ExecProcess,
  ExitStatus,
  ExtraMount,
  JournalTarget,
  LogTarget,
  Runtime,
  Task,
  TaskConfig,
} from "./types.ts";
export { type ResolvedUser, resolveUser } from "./user.ts";
