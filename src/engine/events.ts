import { Emitter } from "../base/index.ts";
import type { Fact } from "../container/index.ts";

/** A fact with the time at which it was announced, in nanoseconds since the epoch; no two have the same. */
export interface Event extends Fact {
  readonly time: bigint;
}

const kept = 1024;

/** Announces facts to whoever listens, and keeps the last ones for those who come later. */
export class EventHub {
  readonly #emitter = new Emitter<Event>();
  readonly #ring: Event[] = [];
  #last = 0n;

  /** Announces a fact. */
  publish(fact: Fact): void {
    const event = { ...fact, time: this.#now() };
    this.#ring.push(event);
    if (this.#ring.length > kept) this.#ring.shift();
    this.#emitter.emit(event);
  }

  /** The kept events that are not older than `since`, oldest first. */
  recent(since: bigint): Event[] {
    return this.#ring.filter((event) => event.time >= since);
  }

  /** How many listen. */
  get listeners(): number {
    return this.#emitter.size;
  }

  /** Listens from now on; dispose to stop. */
  on(listener: (event: Event) => void): Disposable {
    return this.#emitter.on(listener);
  }

  /** The clock of the machine, as it is set now; finer than a millisecond as long as both clocks agree. */
  #now(): bigint {
    const wall = Date.now();
    const fine = performance.timeOrigin + performance.now();
    const now = BigInt(Math.round((Math.abs(fine - wall) < 2 ? fine : wall) * 1000)) * 1000n;
    this.#last = now > this.#last ? now : this.#last + 1n;
    return this.#last;
  }
}
