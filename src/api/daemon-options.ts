import { parseBytes, parseDuration } from "../base/index.ts";
import { defaultLogs, type LogDefaults, parseLogOptions } from "../container/index.ts";
import {
  absolutePath,
  defaultPrefix,
  defaultRoot,
  defaultRunDirectory,
  type EngineOptions,
  invalidArgument,
  parseWords,
  registryOptions,
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
  --registry-mirror HOST=URL
                          where images of a registry are looked for first; a bare URL is
                          for Docker Hub; may be repeated
  --insecure-registry HOST[:PORT] or CIDR
                          a registry whose certificate is not checked, and that may be
                          plain HTTP; may be repeated; loopback always is
  --registry-certs DIR    certificates as DIR/HOST[:PORT]/{ca.crt,client.cert,client.key}
                          (default /etc/gantry/certs.d, /etc/docker/certs.d)
  --max-concurrent-downloads N
                          layers of a pull that come at the same time (default 3)
  --max-concurrent-uploads N
                          layers of a push that go at the same time (default 5)
  --disk-budget SIZE      what images and build cache may take (40G): beyond it the images that
                          can be pulled again and the cached steps that were not used for
                          longest go; never what a container uses or what has a name that no
                          registry has (default: no limit)
  --disk-budget-grace DURATION
                          how long nothing is evicted after it was used (default 10m)
  --log-driver NAME       log driver of containers that ask for none (default ${defaultLogs.driver})
  --log-opt KEY=VALUE     option of that driver; may be repeated
  --journal PATH          socket of systemd's journal (default ${defaultLogs.journal})
  --patience SECONDS      how long a container's supervisor may take for an answer before it counts as
                          hung (default 10); the OCI runtime gets six times as long for a start
  --allow-insecure-tcp    let --host tcp://… serve on loopback without client certificates
  --debug                 say more

Registries are reached through the proxies of HTTP_PROXY, HTTPS_PROXY and NO_PROXY.
`;

const values = [
  ...["root", "run-dir", "host", "network-prefix", "runtime"],
  ...["max-concurrent-downloads", "max-concurrent-uploads"],
  ...["registry-mirror", "insecure-registry", "registry-certs"],
  ...["disk-budget", "disk-budget-grace"],
  ...["log-driver", "log-opt", "journal", "patience"],
];
const flags = ["allow-insecure-tcp", "debug", "help"];

/** What the daemon is started with beside its arguments. */
export interface DaemonSurroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly userAgent: string;
}

/** Reads the arguments after `daemon`; undefined when help is asked for. Throws `invalid` for what it does not know. */
export function parseDaemonOptions(
  argv: readonly string[],
  at: DaemonSurroundings,
): DaemonOptions | undefined {
  const words = parseWords(argv, values, flags);
  if (words.has("help")) return undefined;
  const runDirectory = words.get("run-dir")?.at(-1) ?? defaultRunDirectory;
  return {
    root: absolutePath("root", words.get("root")?.at(-1) ?? defaultRoot),
    runDirectory: absolutePath("run-dir", runDirectory),
    prefix: words.get("network-prefix")?.at(-1) ?? defaultPrefix,
    registries: registryOptions({
      mirrors: words.get("registry-mirror") ?? [],
      insecure: words.get("insecure-registry") ?? [],
      certificates: (words.get("registry-certs") ?? []).map((path) => absolutePath("registry-certs", path)),
      ...at,
    }),
    transfers: {
      ...transferLimit("downloads", words.get("max-concurrent-downloads")),
      ...transferLimit("uploads", words.get("max-concurrent-uploads")),
    },
    runtimes: Object.fromEntries((words.get("runtime") ?? []).map((word) => parsePair("runtime", word))),
    logs: parseLogs(words),
    disk: parseDisk(words),
    patience: parsePatience(words.get("patience")?.at(-1)),
    hosts: words.get("host") ?? [`unix://${runDirectory}/gantry.sock`],
    allowInsecureTcp: words.has("allow-insecure-tcp"),
    debug: words.has("debug"),
  };
}

function transferLimit(
  key: "downloads" | "uploads",
  values: readonly string[] | undefined,
): EngineOptions["transfers"] {
  const text = values?.at(-1);
  if (text === undefined) return {};
  if (/^[1-9]\d{0,3}$/.test(text)) return { [key]: Number(text) };
  throw invalidArgument(`Bad --max-concurrent-${key} "${text}": it must be a number from 1 on`);
}

function parseDisk(words: ReadonlyMap<string, readonly string[]>): EngineOptions["disk"] {
  const read = <T>(name: string, parse: (text: string) => T): T | undefined => {
    const text = words.get(name)?.at(-1);
    if (text === undefined) return undefined;
    try {
      return parse(text);
    } catch {
      throw invalidArgument(`Bad --${name} "${text}"`);
    }
  };
  const budget = read("disk-budget", parseBytes);
  if (budget !== undefined && budget <= 0) throw invalidArgument("Bad --disk-budget: it must be more than 0");
  const grace = read("disk-budget-grace", parseDuration);
  return {
    ...(budget === undefined ? {} : { budget }),
    ...(grace === undefined ? {} : { grace: grace / 1e6 }),
  };
}

function parsePatience(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = Number(text);
  if (seconds > 0 && seconds <= 3600) return seconds * 1000;
  throw invalidArgument(`Bad --patience "${text}": it must be a number of seconds above 0`);
}

function parseLogs(words: ReadonlyMap<string, readonly string[]>): LogDefaults {
  const driver = words.get("log-driver")?.at(-1) ?? defaultLogs.driver;
  const options = Object.fromEntries((words.get("log-opt") ?? []).map((word) => parsePair("log-opt", word)));
  parseLogOptions({ Type: driver, Config: options });
  return { driver, options, journal: words.get("journal")?.at(-1) ?? defaultLogs.journal };
}

function parsePair(flag: string, text: string): [string, string] {
  const cut = text.indexOf("=");
  if (cut >= 1) return [text.slice(0, cut), text.slice(cut + 1)];
  const form = flag === "runtime" ? "NAME=PATH" : "KEY=VALUE";
  throw invalidArgument(`invalid ${flag} "${text}": it must be ${form}`);
}
