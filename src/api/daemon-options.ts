import {
  absolutePath,
  defaultPrefix,
  defaultRoot,
  defaultRunDirectory,
  type EngineOptions,
  invalidArgument,
  parseWords,
} from "../engine/index.ts";

export interface DaemonOptions extends EngineOptions {
  readonly hosts: readonly string[];
  readonly allowInsecureTcp: boolean;
  readonly debug: boolean;
}

/** Usage of `gantry daemon`. */
export const daemonUsage = `Usage: gantry daemon [options]

Serves the Docker Engine API in the foreground; containers go on running when it ends.

  --root DIR              images, containers, volumes (default ${defaultRoot})
  --run-dir DIR           sockets and state of running containers (default ${defaultRunDirectory})
  --host URL              unix:///PATH or tcp://ADDRESS:PORT; may be repeated
                          (default unix://RUN-DIR/gantry.sock)
  --network-prefix NAME   prefix of links, firewall table and cgroup (default ${defaultPrefix})
  --runtime NAME=PATH     one more OCI runtime; may be repeated
  --allow-insecure-tcp    let --host tcp://… serve on loopback without client certificates
  --debug                 say more
`;

const values = ["root", "run-dir", "host", "network-prefix", "runtime"];
const flags = ["allow-insecure-tcp", "debug", "help"];

/** Reads the arguments after `daemon`; undefined when help is asked for. Throws `invalid` for what it does not know. */
export function parseDaemonOptions(argv: readonly string[]): DaemonOptions | undefined {
  const words = parseWords(argv, values, flags);
  if (words.has("help")) return undefined;
  const runDirectory = words.get("run-dir")?.at(-1) ?? defaultRunDirectory;
  return {
    root: absolutePath("root", words.get("root")?.at(-1) ?? defaultRoot),
    runDirectory: absolutePath("run-dir", runDirectory),
    prefix: words.get("network-prefix")?.at(-1) ?? defaultPrefix,
    runtimes: Object.fromEntries((words.get("runtime") ?? []).map(parseRuntime)),
    hosts: words.get("host") ?? [`unix://${runDirectory}/gantry.sock`],
    allowInsecureTcp: words.has("allow-insecure-tcp"),
    debug: words.has("debug"),
  };
}

function parseRuntime(text: string): [string, string] {
  const cut = text.indexOf("=");
  if (cut < 1) throw invalidArgument(`invalid runtime "${text}": it must be NAME=PATH`);
  return [text.slice(0, cut), text.slice(cut + 1)];
}
