import { EngineError } from "../base/index.ts";

/** Without the engine's variables: NOTIFY_SOCKET and the like would make the OCI runtime talk to strangers. */
const environment = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" };

/** Starts the shim of a bundle; returns once it listens. It has a session of its own and outlives the engine. */
export async function spawnShim(shim: string, bundle: string): Promise<void> {
  const child = start([shim, bundle]);
  // It is waited for when it ends, but nothing waits for that.
  child.unref();
  if ((await new Response(child.stdout).text()) !== "ready\n") await fail(child, bundle);
}

/** Kills and removes what the container of a bundle left whose shim is dead. */
export async function removeOrphan(shim: string, bundle: string): Promise<void> {
  const child = start([shim, "delete", bundle]);
  if ((await child.exited) !== 0) await fail(child, bundle);
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
