import { EngineError, messageOf } from "../base/index.ts";
import { type Connection, type Dial, type Host, isNobodyThere } from "../client/index.ts";

const runDirectory = "/run/gantry";
const logFile = `${runDirectory}/engine.log`;
const patience = 15_000;
const patienceWithOthers = 2_000;

/** Dials, and starts an engine first when none answers on the default socket. Several dials start one engine. */
export function dialStarting(dial: Dial): Dial {
  let starting: Promise<void> | undefined;
  return async (host) => {
    try {
      return await dial(host);
    } catch (error) {
      if (!isNobodyThere(error) || process.getuid?.() !== 0) throw error;
    }
    starting ??= startEngine(host, dial);
    await starting;
    return await dial(host);
  };
}

/** Starts an engine that outlives this process, and returns once it answers. */
async function startEngine(host: Host, dial: Dial): Promise<void> {
  const { mkdirSync, openSync, closeSync } = await import("node:fs");
  const { spawn } = await import("node:child_process");
  mkdirSync(runDirectory, { recursive: true, mode: 0o755 });
  const log = openSync(logFile, "a", 0o640);
  const [program, ...words] = engineCommand();
  // What makes a command of ours start sooner would make the engine slow.
  const { BUN_JSC_useJIT: _, ...env } = process.env;
  const child = spawn(program, words, { detached: true, stdio: ["ignore", log, log], cwd: "/", env });
  closeSync(log);
  const start: Start = {
    deadline: Date.now() + patience,
    failure: `nobody answers within ${patience / 1000} s`,
  };
  const ended = (failure: string) => {
    start.failure = failure;
    // Somebody else may have started one at the same time: then that one answers soon.
    start.deadline = Date.now() + patienceWithOthers;
  };
  child.once("error", (error) => ended(error.message));
  child.once("exit", (code) => ended(`it ended with ${code}`));
  try {
    await answers(host, dial, start);
  } catch (error) {
    throw new EngineError("unavailable", `Cannot start the Gantry engine: ${messageOf(error)}`, {
      subject: runDirectory,
      cause: error,
    });
  } finally {
    child.unref();
  }
}

/** The engine as `bin/gantry` starts it, which knows what it runs best from and how. */
function engineCommand(): [string, ...string[]] {
  const script = process.argv[1] ?? "";
  // A single executable holds all its scripts.
  if (script === "" || script.startsWith("/$bunfs/")) return [process.execPath, "daemon"];
  return [`${script.replace(/\/(build\/cli\/program\.js|src\/main\.ts)$/, "")}/bin/gantry`, "daemon"];
}

interface Start {
  deadline: number;
  failure: string;
}

/** Settles once somebody listens; asks again a little later each time. */
async function answers(host: Host, dial: Dial, start: Start): Promise<void> {
  for (let pause = 5; ; pause = Math.min(pause * 1.5, 100)) {
    const line: Connection | undefined = await dial(host).catch(() => undefined);
    if (line) return line.close();
    if (Date.now() > start.deadline) throw new Error(`${start.failure}; see ${logFile}`);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
