export type {
  CopyVertex,
  DirectoryVertex,
  ImageVertex,
  Plan,
  RunVertex,
  ScratchVertex,
  Step,
  TreeSource,
  Vertex,
  VertexID,
  VertexMount,
} from "./graph.ts";
export { type LowerOptions, lower } from "./lower.ts";
export { type Needed, needed } from "./needed.ts";
export { type BaseImage, type Outline, outline } from "./outline.ts";
export { type ArgValues, proxyEnv } from "./scope.ts";
export { planText, vertexText } from "./text.ts";
