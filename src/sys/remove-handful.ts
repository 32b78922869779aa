import { lstatSync, readdirSync, rmdirSync, unlinkSync } from "node:fs";
import { join } from "node:path";

const mostEntries = 64;
/** Of a file: freeing more takes its time. Of a directory: it may hold, or have held, more names than are read quickly. */
const mostBytes = 64 * 1024;

/**
 * Removes a tree at once when it is no more than a handful of small files and directories, as what a short-lived
 * container leaves mostly is: a few short calls take less time than as many trips to a worker. False when it is more,
 * or something stands in the way: the rest of it is still there then. True when nothing is.
 */
export function removeHandful(path: string): boolean {
  try {
    const found: Entry[] = [];
    if (!gather(path, found)) return false;
    for (const { path: one, isDirectory } of found.reverse()) {
      if (isDirectory) rmdirSync(one);
      else unlinkSync(one);
    }
    return true;
  } catch {
    return false;
  }
}

interface Entry {
  readonly path: string;
  readonly isDirectory: boolean;
}

/** Puts a tree into the list, each directory before what is in it; false when it is too much. */
function gather(path: string, found: Entry[]): boolean {
  const status = lstatSync(path, { throwIfNoEntry: false });
  if (!status) return true;
  const isDirectory = status.isDirectory();
  found.push({ path, isDirectory });
  if (found.length > mostEntries || status.size > mostBytes) return false;
  return !isDirectory || readdirSync(path).every((name) => gather(join(path, name), found));
}
