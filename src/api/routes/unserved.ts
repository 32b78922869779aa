import { EngineError } from "../../base/index.ts";
import { empty, json } from "../call.ts";
import { type Route, route } from "../routes.ts";

const swarmFolders = ["swarm", "nodes", "services", "tasks", "secrets", "configs"];
const methods = ["GET", "POST", "DELETE", "PUT"];

/** What this engine will not do, answered in Docker's words so that clients can tell. */
export function unservedRoutes(): Route[] {
  const swarm = swarmFolders.flatMap((folder) =>
    methods.flatMap((method) => [
      route(method, `/${folder}`, noSwarm),
      route(method, `/${folder}/{rest...}`, noSwarm),
    ]),
  );
  const plugins = methods.map((method) => route(method, "/plugins/{rest...}", () => unserved("plugins are")));
  return [
    ...swarm,
    route("PUT", "/volumes/{name...}", noSwarm),
    route("OPTIONS", "/{rest...}", () => empty(200)),
    route("GET", "/plugins", () => json([])),
    ...plugins,
    route("POST", "/session", () => unserved("BuildKit sessions are")),
    route("POST", "/grpc", () => unserved("BuildKit's gRPC door is")),
  ];
}

function noSwarm(): never {
  throw new EngineError(
    "unavailable",
    'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.',
    { subject: "swarm" },
  );
}

function unserved(what: string): never {
  throw new EngineError("not-implemented", `${what} not supported by this engine`, { subject: what });
}
