import { EngineError } from "../base/index.ts";

/** Without the engine's variables: NOTIFY_SOCKET and the like would make the OCI runtime talk to strangers. */
const environment = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" };

/** Starts the shim of a bundle; returns once it listens. It is then nobody's child and outlives the engine. */
export async function spawnShim(shim: string, bundle: string): Promise<void> {
  await runShim([shim, bundle], bundle);
}

/** Kills and removes what the container of a bundle left whose shim is dead. */
export async function removeOrphan(shim: string, bundle: string): Promise<void> {
  await runShim([shim, "delete", bundle], bundle);
}

async function runShim(cmd: string[], bundle: string): Promise<void> {
  const child = Bun.spawn({ cmd, cwd: "/", env: environment, stdio: ["ignore", "ignore", "pipe"] });
  const code = await child.exited;
  if (code === 0) return;
  const text = await new Response(child.stderr).text();
  throw new EngineError("internal", `Cannot run shim: ${text.trim() || `it ended with ${code}`}`, {
    subject: bundle,
  });
}
