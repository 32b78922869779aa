import { access, constants, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { EngineError } from "../base/index.ts";

/** An OCI runtime on this host. */
export interface OciRuntime {
  readonly name: string;
  readonly path: string;
  readonly kind: "crun" | "runc" | "other";
  /** Changes when the binary is replaced. */
  readonly version: string;
}

const directories = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/**
 * The runtimes of this host, the default one first: crun, runc, then those given by name. crun cannot work where
 * device rules are programs (cgroup v2) and the limit of locked memory may not be raised; runc comes first there.
 * No process is started to find out. Throws `unavailable` when there is none.
 */
export async function findRuntimes(
  host: { cgroup: "v1" | "v2" | "hybrid"; canRaiseLimits: boolean },
  given: Readonly<Record<string, string>> = {},
): Promise<OciRuntime[]> {
  const order = host.cgroup === "v2" && !host.canRaiseLimits ? ["runc", "crun"] : ["crun", "runc"];
  const named = await Promise.all(Object.entries(given).map(([name, path]) => inspect(name, path)));
  const known = await Promise.all(order.filter((name) => !(name in given)).map(lookUp));
  const found = [...known, ...named].filter((one) => one !== undefined);
  if (found.length > 0) return found;
  throw new EngineError("unavailable", "Cannot find an OCI runtime: install crun or runc", {
    subject: "crun",
  });
}

async function lookUp(name: string): Promise<OciRuntime | undefined> {
  for (const directory of directories) {
    const path = join(directory, name);
    const executable = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (executable) return await inspect(name, path);
  }
  return undefined;
}

async function inspect(name: string, path: string): Promise<OciRuntime> {
  const status = await stat(path).catch((cause: unknown) => {
    throw new EngineError("invalid", `Cannot use runtime ${name}: ${path} does not exist`, {
      subject: name,
      cause,
    });
  });
  const program = basename(path);
  const kind = program === "crun" || program === "runc" ? program : "other";
  return { name, path, kind, version: `${status.size}-${status.mtimeMs}` };
}
