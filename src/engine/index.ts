export { absolutePath, invalidArgument, parseWords } from "./arguments.ts";
export { type Engine, startEngine } from "./engine.ts";
export { type Event, EventHub } from "./events.ts";
export type { HostFacts } from "./host-facts.ts";
export {
  cgroupParent,
  defaultPrefix,
  defaultRoot,
  defaultRunDirectory,
  type EngineOptions,
} from "./options.ts";
export { type RegistryWords, registryOptions } from "./registry-options.ts";
export { type ResetTarget, resetSystem, runReset } from "./reset.ts";
