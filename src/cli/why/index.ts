export { type Explanation, explainContainer, type Known, wantedPort } from "./explain.ts";
