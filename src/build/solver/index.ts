export { type SolveOptions, type Solving, solve } from "./solve.ts";
