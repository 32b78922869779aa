import type { Stats } from "node:fs";

/** How overlayfs writes in a layer that something below is deleted: a character device 0/0. */
export function isWhiteout(status: Stats): boolean {
  return status.isCharacterDevice() && status.rdev === 0;
}
