export { createLayerViews } from "./service.ts";
export type { FileChange, ImageView, LayerView, LayerViews } from "./types.ts";
