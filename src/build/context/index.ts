export { type BuildContext, openContext } from "./open.ts";
