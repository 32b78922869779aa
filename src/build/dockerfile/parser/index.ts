export { parseHeredoc } from "./heredoc.ts";
export { type Dockerfile, type Heredoc, heredocBody, type Node } from "./node.ts";
export { parseDockerfile } from "./parse.ts";
