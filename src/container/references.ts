import { EngineError, isKind } from "../base/index.ts";
import type { ContainerStore } from "./store.ts";
import type { ContainerRecord } from "./types.ts";

/**
 * A container that a create call names besides its own. Throws `invalid`: by "not found" clients understand that the
 * image is missing, and pull it.
 */
export function otherContainer(store: Pick<ContainerStore, "get">, reference: string): ContainerRecord {
  return namedInRequest(() => store.get(reference));
}

/** Runs a look-up of something that a create call names; what is not found there makes the call `invalid`. */
export function namedInRequest<T>(lookUp: () => T): T {
  try {
    return lookUp();
  } catch (error) {
    if (!isKind(error, "not-found")) throw error;
    throw new EngineError("invalid", error.message, { subject: error.subject, cause: error });
  }
}
