export { DockerfileError, type Place, type Position } from "./error.ts";
export { parseProgram } from "./instructions/index.ts";
export {
  type ArgValues,
  type BaseImage,
  type CopyVertex,
  type DirectoryVertex,
  lower,
  needed,
  type Outline,
  outline,
  type Plan,
  planText,
  proxyEnv,
  type RunVertex,
  type Step,
  type TreeSource,
  type Vertex,
  type VertexID,
  type VertexMount,
  vertexText,
} from "./lower/index.ts";
export { parseDockerfile } from "./parser/index.ts";
