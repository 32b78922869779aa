export type { Applied, LayerTools } from "./types.ts";
