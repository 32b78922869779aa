import { EngineError } from "../base/index.ts";
import { lookNear } from "../sys/index.ts";

/** Without the engine's variables: NOTIFY_SOCKET and the like would make the OCI runtime talk to strangers. */
const environment = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" };

/** Starts the shim of a bundle; returns once it listens. It has a session of its own and outlives the engine. */
export async function spawnShim(shim: string, bundle: string, patience: number): Promise<void> {
  const child = start([shim, bundle]);
  using _limit = killAfter(child, patience);
  // It is waited for when it ends, but nothing waits for that.
  child.unref();
  if ((await new Response(child.stdout).text()) !== "ready\n") await fail(child, bundle);
}

/**
 * Kills and removes what the container of a bundle left whose shim is dead, or does not answer and is then killed
 * too. Throws when something of it outlives that, as processes do that hang in the kernel.
 */
export async function removeOrphan(shim: string, bundle: string): Promise<void> {
  const child = start([shim, "delete", bundle]);
  using _limit = killAfter(child, removalPatience);
  if ((await child.exited) !== 0) await fail(child, bundle);
}

/** The helper's own limits are below this. */
const removalPatience = 20_000;

function killAfter(child: ReturnType<typeof start>, milliseconds: number): Disposable {
  const timer = setTimeout(() => child.kill("SIGKILL"), milliseconds);
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}

/**
 * Whether there is something at a path. What lies beyond a mount point, where a file server may be gone, is looked at
 * by a process of its own. Throws `unavailable` when that does not answer in time.
 */
export async function lookAt(shim: string, path: string, patience: number): Promise<boolean> {
  const near = lookNear(path);
  if (near !== undefined) return near;
  const child = start([shim, "look", path]);
  child.unref();
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => late.resolve(undefined), patience);
  const code = await Promise.race([child.exited, late.promise]);
  clearTimeout(timer);
  if (code !== undefined) return code === 0;
  child.kill("SIGKILL");
  throw new EngineError("unavailable", `${path} does not answer: its file system hangs`, { subject: path });
}

function start(cmd: string[]) {
  return Bun.spawn({ cmd, cwd: "/", env: environment, stdio: ["ignore", "pipe", "pipe"] });
}

async function fail(child: ReturnType<typeof start>, bundle: string): Promise<never> {
  const [text, code] = await Promise.all([new Response(child.stderr).text(), child.exited]);
  throw new EngineError("internal", `Cannot run shim: ${text.trim() || `it ended with ${code}`}`, {
    subject: bundle,
  });
}
