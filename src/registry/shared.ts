import { RegistryError } from "./error.ts";

/**
 * Something that several requests need, and one of them gets for all. Who joins is not bound to the one who began:
 * when that one gives up, the next begins anew.
 */
export interface Shared<T> {
  /** What is there and good, what is under way, or what `begin` brings. Throws as `begin` does, or the signal's reason. */
  get(begin: () => Promise<T>, signal: AbortSignal | undefined): Promise<T>;
  /** Forgets what is there, if it is like that. */
  drop(unwanted: (value: T) => boolean): void;
}

interface Work<T> {
  readonly promise: Promise<T>;
  value?: T;
}

export function createShared<T>(isGood: (value: T) => boolean = () => true): Shared<T> {
  let current: Work<T> | undefined;
  const drop: Shared<T>["drop"] = (unwanted) => {
    if (current?.value !== undefined && unwanted(current.value)) current = undefined;
  };
  const start = (begin: () => Promise<T>): Promise<T> => {
    const mine: Work<T> = { promise: begin() };
    current = mine;
    const keep = (value: T): void => {
      mine.value = value;
    };
    const forget = (): void => {
      if (current === mine) current = undefined;
    };
    mine.promise.then(keep, forget);
    return mine.promise;
  };
  return {
    drop,
    async get(begin, signal) {
      for (;;) {
        signal?.throwIfAborted();
        drop((value) => !isGood(value));
        if (current === undefined) return start(begin);
        try {
          return await current.promise;
        } catch (error) {
          // Anything else: another request has given up what this one still wants.
          if (error instanceof RegistryError) throw error;
        }
      }
    },
  };
}
