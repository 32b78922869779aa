export { chainOf, imageConfig, type StepResult } from "./image-config.ts";
