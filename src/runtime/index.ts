export type {
  BuiltSpec,
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
  LogTarget,
  Runtime,
  Task,
  TaskConfig,
} from "./types.ts";
