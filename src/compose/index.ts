export {
  type Applying,
  applyPlan,
  type BringUpOptions,
  type BroughtUp,
  bringUp,
  ensureImages,
} from "./apply.ts";
export type { ComposeClient } from "./compose-client.ts";
export { containerRequest } from "./container-request.ts";
export { execute, type Perform, PlanError, type Report, type StepEvent } from "./execute.ts";
export { formatPlan, type Plan, type PlanNode } from "./graph.ts";
export { label, projectFilter } from "./labels.ts";
export { LineCutter, type LogLine, logLines } from "./log-lines.ts";
export {
  type BuildSpec,
  ComposeFileError,
  formatProject,
  type Loaded,
  type LoadOptions,
  loadProject,
  loadUninterpolated,
  type Project,
  projectName,
  type Service,
} from "./model/index.ts";
export { containerName, imageName } from "./names.ts";
export { listContainers, type Observed, type ObservedContainer, observe, observeImages } from "./observe.ts";
export { performWith } from "./perform.ts";
export { type DownOptions, planDown } from "./plan-down.ts";
export { planImages } from "./plan-images.ts";
export { type LifeVerb, planLife } from "./plan-life.ts";
export type { OneOff } from "./plan-one-off.ts";
export { planUp, selectServices, type UpOptions } from "./plan-up.ts";
