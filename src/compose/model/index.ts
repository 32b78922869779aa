export { ComposeFileError, formatPosition } from "./error.ts";
export { type Loaded, type LoadOptions, loadProject, loadUninterpolated } from "./load.ts";
export { projectName } from "./locate.ts";
export { closure, inOrder, type Needs } from "./order.ts";
export { formatProject } from "./print.ts";
export type {
  BuildSpec,
  Condition,
  Dependency,
  Project,
  ProjectNetwork,
  ProjectVolume,
  Service,
  ServiceMount,
  ServiceNetwork,
} from "./project.ts";
