import { cString, library } from "./library.ts";
import { check } from "./system-error.ts";

/** Calls umount2(2) on the target itself, detached: the mount is hidden at once and freed when unused. */
export function unmount(target: string): void {
  const detach = 2;
  const noFollow = 8;
  check(library().gantry_umount(cString(target), detach | noFollow), "unmount", target);
}
