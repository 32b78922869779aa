import type { FlagSpec, FlagValues } from "../flags/index.ts";

/** Flags of `run` and `create` that Docker does not have. */
export const extensionFlags: readonly FlagSpec[] = [
  {
    name: "ephemeral",
    kind: "bool",
    help: "Throw the container's changes to its file system away whenever it stops",
  },
  {
    name: "health-http",
    kind: "string",
    type: "url",
    help: "Check health by an HTTP request of the engine, such as http://localhost:8080/health",
  },
  {
    name: "health-tcp",
    kind: "string",
    type: "port",
    help: "Check health by a connection of the engine to a port ([address:]port)",
  },
  {
    name: "on-unhealthy",
    kind: "string",
    help: "What to do when the container becomes unhealthy (restart|stop|none)",
  },
];

/** What these flags ask for, as annotations: so any client of Docker's API can ask for it. Throws on conflicts. */
export function extensionAnnotations(flags: FlagValues): Record<string, string> {
  const probes = ["health-http", "health-tcp"].filter((name) => flags.has(name));
  const others = ["health-cmd", "no-healthcheck"].filter((name) => flags.has(name));
  const [one, other] = [...probes, ...others];
  if (probes.length > 0 && one && other) {
    throw new Error(`conflicting options: cannot specify both --${one} and --${other}`);
  }
  const texts = ["health-http", "health-tcp", "on-unhealthy"].filter((name) => flags.has(name));
  return {
    ...(flags.bool("ephemeral") ? { "gantry.ephemeral": "true" } : {}),
    ...Object.fromEntries(texts.map((name) => [`gantry.${name}`, flags.text(name)])),
  };
}
