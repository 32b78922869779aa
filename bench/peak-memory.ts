import { readdirSync, readFileSync } from "node:fs";
import { memoryOf } from "../scripts/machine.ts";

/** Watches a process and its children, and says in KiB how much they held at most, together. */
export function peakMemory(pid: number): { end(): number } {
  let peak = 0;
  const look = (): void => {
    const all = [pid, ...childrenOf(pid)];
    peak = Math.max(
      peak,
      all.reduce((sum, one) => sum + (memoryOf(one) ?? 0), 0),
    );
  };
  const timer = setInterval(look, 50);
  return {
    end() {
      clearInterval(timer);
      return peak;
    },
  };
}

function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8")
        .trim()
        .split(" ")
        .filter(Boolean)
        .map(Number),
    );
  } catch {
    // It has ended meanwhile.
    return [];
  }
}
