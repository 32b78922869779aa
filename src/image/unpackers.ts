import { availableParallelism } from "node:os";
import type { Arrival } from "../content/index.ts";

/** So many layers are unpacked while they still arrive; each may wait for its registry as long as that takes. */
const following = 2;

/**
 * How many layers are unpacked at a time. Those that arrive slowly leave room for those that are there already: one
 * slow registry does not delay what another has delivered.
 */
export class Unpackers {
  readonly #following = new Slots(following);
  readonly #whole = new Slots(Math.max(1, availableParallelism() - 1));

  /** Waits for a turn, held until it is disposed. Throws when the layer fails to arrive meanwhile. */
  async take(arrival: Arrival): Promise<Disposable> {
    const slot = this.#following.tryTake();
    if (slot) return slot;
    for await (const _ of arrival.lengths());
    return await this.#whole.take();
  }
}

class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  tryTake(): Disposable | undefined {
    if (this.#free === 0) return undefined;
    this.#free -= 1;
    return this.#slot();
  }

  async take(): Promise<Disposable> {
    const slot = this.tryTake();
    if (slot) return slot;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.#slot();
  }

  #slot(): Disposable {
    return {
      [Symbol.dispose]: () => {
        const next = this.#waiting.shift();
        if (next) next();
        else this.#free += 1;
      },
    };
  }
}
