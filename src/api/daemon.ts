import packageFile from "../../package.json" with { type: "json" };
import { createLogger, type Logger, messageOf, openSteps } from "../base/index.ts";
import { type EngineOptions, startEngine } from "../engine/index.ts";
import { notifyService } from "../sys/index.ts";
import { daemonUsage, parseDaemonOptions } from "./daemon-options.ts";
import { IdleWork } from "./idle.ts";
import { allRoutes } from "./routes/all.ts";
import { Router } from "./routes.ts";
import { serve } from "./server.ts";

/** Milliseconds without a request after which memory is given back; collecting takes some, and nobody waits then. */
const quietTime = 3000;
/**
 * The same for compiled code, which with all that belongs to it is a third and more of what an engine holds after some
 * hundred containers. The next container takes a tenth of a second more of processor time, so it takes a long quiet.
 */
const longQuietTime = 60_000;

/** Runs `gantry daemon` until a signal ends it; resolves to the exit code. */
export async function runDaemon(argv: readonly string[]): Promise<number> {
  const say = (line: string): void => void process.stderr.write(line);
  try {
    const options = parseDaemonOptions(argv, {
      env: takeProxies(process.env),
      userAgent: `gantry/${packageFile.version}`,
    });
    if (!options) {
      process.stdout.write(daemonUsage);
      return 0;
    }
    const log = createLogger(say, options.debug ? "debug" : "info");
    const stopped = stopSignal();
    surviveBugs(log);
    const engine = await startEngine({ ...options, ...testSteps() }, log);
    const router = new Router(
      allRoutes(engine, { engineVersion: packageFile.version, debug: options.debug }),
    );
    const idle = new IdleWork([
      { after: quietTime, work: () => Bun.gc(true) },
      { after: longQuietTime, work: () => Bun.shrink() },
    ]);
    const needs = { router, log, engineVersion: packageFile.version, idle };
    const serving = await serve(needs, options);
    for (const host of serving.hosts) say(`gantry: ready on ${host}\n`);
    tellServiceManager("READY=1", (error) => log.warn("cannot reach the service manager", { error }));
    const signal = await stopped;
    log.info("stopping; containers go on running", { signal });
    tellServiceManager("STOPPING=1", () => {});
    idle.stop();
    await serving.close();
    await engine.close();
    return 0;
  } catch (error) {
    say(`gantry: ${messageOf(error)}\n`);
    return 1;
  }
}

/**
 * Takes the proxies out of the environment: the runtime's own `fetch` would send everything through them, loopback
 * too. The registry client decides for each host.
 */
function takeProxies(env: NodeJS.ProcessEnv): Record<string, string | undefined> {
  const names = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"].flatMap((name) => [name, name.toLowerCase()]);
  const taken = Object.fromEntries(names.map((name) => [name, env[name]]));
  for (const name of names) delete env[name];
  return taken;
}

/** Resolves at the first SIGTERM or SIGINT; a client that hangs up never ends the process. */
function stopSignal(): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  process.once("SIGTERM", () => resolve("SIGTERM"));
  process.once("SIGINT", () => resolve("SIGINT"));
  process.on("SIGHUP", () => {});
  process.on("SIGPIPE", () => {});
  return promise;
}

/** One request's bug must not take the engine, and with it every other request, down. */
function surviveBugs(log: Logger): void {
  const report = (error: unknown): void => {
    log.error("a bug: nobody handled a failure", {
      error: error instanceof Error ? (error.stack ?? error.message) : error,
    });
  };
  process.on("uncaughtException", report);
  process.on("unhandledRejection", report);
}

/** Fault tests follow and kill the engine through this directory; see `openSteps`. */
function testSteps(): Pick<EngineOptions, "step"> {
  const directory = process.env.GANTRY_TEST_STEPS;
  return directory ? { step: openSteps(directory) } : {};
}

function tellServiceManager(text: string, failed: (error: string) => void): void {
  const socket = process.env.NOTIFY_SOCKET;
  if (!socket) return;
  try {
    notifyService(socket, text);
  } catch (error) {
    failed(messageOf(error));
  }
}
