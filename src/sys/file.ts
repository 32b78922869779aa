import { cString, library } from "./library.ts";
import { check, hasCode } from "./system-error.ts";

/** How openat2(2) may resolve a path. */
export const resolveFlags = {
  noXdev: 0x01,
  noMagicLinks: 0x02,
  noSymlinks: 0x04,
  beneath: 0x08,
  inRoot: 0x10,
} as const;

/** Calls openat2(2) and returns a descriptor that the caller closes. `flags` are those of open(2). */
export function openAt2(
  directory: number,
  path: string,
  how: { flags: number; mode?: number; resolve: number },
): number {
  const result = library().gantry_openat2(directory, cString(path), how.flags, how.mode ?? 0, how.resolve);
  return check(result, "open", path);
}

/**
 * Whether there is something at a path, as far as that can be told without leaving the root's own file system;
 * undefined for what lies beyond a mount point, where looking may hang.
 */
export function lookNear(path: string): boolean | undefined {
  const currentDirectory = -100;
  // O_PATH | O_CLOEXEC
  const pathOnly = 0x280000;
  try {
    library().gantry_close(
      openAt2(currentDirectory, path, { flags: pathOnly, resolve: resolveFlags.noXdev }),
    );
    return true;
  } catch (error) {
    return hasCode(error, "ENOENT", "ENOTDIR") ? false : undefined;
  }
}

/** Reads an extended attribute of a path, not following a last symlink; undefined when it has none of this name. */
export function getAttribute(path: string, name: string): Uint8Array | undefined {
  const value = new Uint8Array(64 * 1024);
  const length = library().gantry_lgetxattr(cString(path), cString(name), value, value.length);
  try {
    return value.slice(0, check(length, `read attribute ${name} of`, path));
  } catch (error) {
    if (hasCode(error, "ENODATA", "EOPNOTSUPP")) return undefined;
    throw error;
  }
}

/** Sets an extended attribute of a path, not following a last symlink. */
export function setAttribute(path: string, name: string, value: Uint8Array): void {
  const bytes = value.length > 0 ? value : new Uint8Array(1);
  const result = library().gantry_lsetxattr(cString(path), cString(name), bytes, value.length, 0);
  check(result, `set attribute ${name} of`, path);
}

/** Makes a device node, fifo or socket; `mode` holds type and permission bits. */
export function makeNode(path: string, node: { mode: number; major?: number; minor?: number }): void {
  const result = library().gantry_mknod(cString(path), node.mode, node.major ?? 0, node.minor ?? 0);
  check(result, "make node", path);
}
