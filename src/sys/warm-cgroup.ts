import { cString, library } from "./library.ts";

/**
 * Has the kernel make the next moves of processes between cgroups quick, for some milliseconds from soon on; returns at
 * once. `members` is the `cgroup.procs` of the cgroup that this process is in: a move there that changes nothing pays
 * for the wait (an RCU grace period) that the first move in a while has to make. Where that fails they are as slow as
 * they would have been, and nobody needs to know.
 */
export function warmCgroupMoves(members: string): void {
  library().gantry_cgroup_warm(cString(members));
}
