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
 * The runtimes of this host, the default one first: those given by name, then crun, then runc. No process is
 * started for it. Throws `unavailable` when there is none.
 */
export async function findRuntimes(given: Readonly<Record<string, string>> = {}): Promise<OciRuntime[]> {
  const named = await Promise.all(Object.entries(given).map(([name, path]) => inspect(name, path)));
  const known = await Promise.all(["crun", "runc"].filter((name) => !(name in given)).map(lookUp));
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
