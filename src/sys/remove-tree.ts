import { setTimeout as delay } from "node:timers/promises";
import { cString, library } from "./library.ts";
import { check, hasCode } from "./system-error.ts";

/** Milliseconds between two looks at a removal: as short as one takes, as rare as a long one allows. */
const pauses = { first: 1, longest: 20 };

/**
 * Removes a tree, or whatever is at `path`, in a thread of its own; absent is a success. Neither depth nor size is
 * limited, symbolic links are not followed, and what is mounted below stays (`EXDEV`). Throws for the first thing
 * that could not be removed, when all else is gone.
 */
export async function removeTree(path: string): Promise<void> {
  const ticket = await begin(path);
  for (let pause = pauses.first; ; pause = Math.min(2 * pause, pauses.longest)) {
    if (check(library().gantry_remove_result(ticket), "remove", path) === 0) return;
    await delay(pause);
  }
}

/** Waits while too many removals go on. */
async function begin(path: string): Promise<number> {
  for (;;) {
    try {
      return check(library().gantry_remove_begin(cString(path)), "remove", path);
    } catch (error) {
      if (!hasCode(error, "EAGAIN", "EWOULDBLOCK")) throw error;
    }
    await delay(pauses.longest);
  }
}
