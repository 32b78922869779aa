import { closeSync, constants, openSync, readlinkSync } from "node:fs";
import { EngineError } from "../base/index.ts";
import { hasCode, openAt2, resolveFlags } from "../sys/index.ts";
import type { MountRecord } from "./types.ts";

const pathOnly = 0o10000000;
const closeOnExec = 0o2000000;

/**
 * What a mount shows, as a path of the host. Containers write to volumes: a subpath is followed inside of its
 * volume alone, whatever links lie on the way. Throws `invalid` when it is missing or leads out.
 */
export function mountSource({ source, subpath }: Pick<MountRecord, "source" | "subpath">): string {
  if (!subpath) return source;
  const volume = openSync(source, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const resolve = resolveFlags.beneath | resolveFlags.noMagicLinks;
    const found = openAt2(volume, subpath, { flags: pathOnly | closeOnExec, resolve });
    try {
      return readlinkSync(`/proc/self/fd/${found}`);
    } finally {
      closeSync(found);
    }
  } catch (error) {
    if (!hasCode(error, "ENOENT", "ENOTDIR", "ELOOP", "EXDEV")) throw error;
    const why = hasCode(error, "EXDEV") ? "it leads out of the volume" : "no such file or directory";
    throw new EngineError("invalid", `cannot access path ${subpath}: ${why}`, {
      subject: subpath,
      cause: error,
    });
  } finally {
    closeSync(volume);
  }
}
