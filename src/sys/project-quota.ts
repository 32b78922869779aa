import { readFileSync, statSync } from "node:fs";
import { constants } from "node:os";
import { cString, library } from "./library.ts";
import { check } from "./system-error.ts";

/** Puts a directory, and what is made below it from now on, into a project. */
export function setProject(directory: string, project: number): void {
  check(library().gantry_project_set(cString(directory), project), "set project of", directory);
}

/** Whether the file system of a directory holds projects to their limits (ext4 `prjquota`, xfs `pquota`). */
export function hasProjectQuotas(directory: string): boolean {
  return onQuotas(directory, (...place) => library().gantry_quota_enforced(...place)) === 1;
}

/** Whether a project has files, or a limit, on the file system of a directory. */
export function isProjectUsed(directory: string, project: number): boolean {
  const result = onQuotas(directory, (...place) => library().gantry_quota_in_use(...place, project));
  return check(result, "read quota on", directory) === 1;
}

/** Bytes that a project may take on the file system of a directory; 0: as many as there are. */
export function limitProject(directory: string, project: number, bytes: number): void {
  const result = onQuotas(directory, (...place) => library().gantry_quota_limit(...place, project, bytes));
  check(result, "set quota on", directory);
}

type QuotaCall = (directory: Uint8Array, device: Uint8Array) => number;

/** Kernels before 5.14 want the block device; all of them answer so too where there is no quota at all. */
function onQuotas(directory: string, call: QuotaCall): number {
  const result = call(cString(directory), cString(""));
  if (result !== -constants.errno.ENOSYS) return result;
  const device = deviceOf(directory);
  return device === undefined ? result : call(cString(directory), cString(device));
}

/** The block device that the file system of a directory was mounted from; undefined where there is none. */
export function deviceOf(directory: string): string | undefined {
  const { dev } = statSync(directory);
  const major = (dev >> 8) & 0xfff;
  const minor = (dev & 0xff) | ((dev >> 12) & 0xfff00);
  for (const line of readFileSync("/proc/self/mountinfo", "utf8").split("\n")) {
    const [before = "", after = ""] = line.split(" - ");
    const source = after.split(" ")[1] ?? "";
    if (before.split(" ")[2] === `${major}:${minor}` && source.startsWith("/dev/")) return source;
  }
  return undefined;
}
