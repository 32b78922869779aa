export { StepReport } from "./step-report.ts";
