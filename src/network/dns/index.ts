export { firstFrame, frame, type Upstream } from "./ask.ts";
export { Resolvers, type ResolverView } from "./resolver.ts";
