import { EngineError } from "../../base/index.ts";

/** Tells a client what was given up. */
export type Warn = (text: string) => void;

/** A limit that makes no sense; the message is Docker's. */
export function invalid(message: string, subject = ""): EngineError {
  return new EngineError("invalid", message, { subject });
}

/** Docker's sentence for what a kernel cannot do. */
export function unsupported(what: string, given: string, cgroup = " or the cgroup is not mounted"): string {
  return `Your kernel does not support ${what}${cgroup}. ${given} discarded.`;
}
