import type { Mount } from "../oci/index.ts";
import { resolveUser } from "../runtime/index.ts";
import { readTreeFile } from "../snapshot/index.ts";

/** Who a process runs as, and where its home is. */
export interface ProcessUser {
  readonly uid: number;
  readonly gid: number;
  readonly additionalGids: readonly number[];
  readonly home: string;
}

/**
 * Resolves `user[:group]` and supplementary groups with the passwd and group files of a tree. Throws `invalid`
 * with Docker's words for a name that neither knows.
 */
export async function processUser(
  rootfs: readonly Mount[],
  user: string,
  groups: readonly string[] = [],
): Promise<ProcessUser> {
  const [passwd, group] = await Promise.all([
    treeText(rootfs, "/etc/passwd"),
    treeText(rootfs, "/etc/group"),
  ]);
  const resolved = resolveUser(user, passwd, group);
  const extra = groups.map((name) => resolveUser(`0:${name}`, passwd, group).gid);
  return {
    uid: resolved.uid,
    gid: resolved.gid,
    additionalGids: [...new Set([...resolved.additionalGids, ...extra])],
    home: resolved.home || "/",
  };
}

async function treeText(rootfs: readonly Mount[], path: string): Promise<string> {
  const bytes = await readTreeFile(rootfs, path);
  return bytes ? new TextDecoder().decode(bytes) : "";
}

/** The environment of a container's process: Docker's base, then its own variables, then HOME. */
export function processEnv(options: {
  hostname: string;
  tty: boolean;
  env: readonly string[];
  home: string;
}): string[] {
  const base = [
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    `HOSTNAME=${options.hostname}`,
    ...(options.tty ? ["TERM=xterm"] : []),
  ];
  const own = new Set(options.env.map(keyOf));
  return [
    ...base.filter((entry) => !own.has(keyOf(entry))),
    ...options.env,
    ...(own.has("HOME") ? [] : [`HOME=${options.home}`]),
  ];
}

function keyOf(entry: string): string {
  return entry.slice(0, Math.max(0, entry.indexOf("=")));
}
