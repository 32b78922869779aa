import { unlinkSync } from "node:fs";
import { cString, library } from "./library.ts";
import { unmount } from "./mount.ts";
import { check, hasCode } from "./system-error.ts";

/** Makes a network namespace pinned to the new file `path`; throws `conflict` when the file exists. */
export function createNetworkNamespace(path: string): void {
  check(library().gantry_netns_create(cString(path)), "create network namespace", path);
}

/**
 * Runs `work` inside the namespace pinned at `path` and comes back. Sockets that `work` opens stay in that
 * namespace for good. `work` must not await: whatever runs meanwhile on this thread would run in there too.
 */
export function withNetworkNamespace<T>(
  path: string,
  work: () => T extends PromiseLike<unknown> ? never : T,
): T {
  const previous = check(library().gantry_netns_enter(cString(path)), "enter network namespace", path);
  try {
    return work();
  } finally {
    library().gantry_netns_leave(previous);
  }
}

/** Unpins a namespace: it ends with its last process, and the kernel takes its links away later. Absent is fine. */
export function removeNetworkNamespace(path: string): void {
  try {
    unmount(path);
  } catch (error) {
    // EINVAL: the file is there but nothing is mounted on it.
    if (hasCode(error, "ENOENT")) return;
    if (!hasCode(error, "EINVAL")) throw error;
  }
  unlinkSync(path);
}
