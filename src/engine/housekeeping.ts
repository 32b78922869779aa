import { type Logger, messageOf } from "../base/index.ts";
import type { Budget, ImageUses } from "../budget/index.ts";
import type { Event, EventHub } from "./events.ts";

type Collect = () => Promise<{ bytes: number }>;

export interface HousekeepingNeeds {
  readonly collect: Collect;
  readonly budget: Pick<Budget, "enforce">;
  readonly uses: Pick<ImageUses, "note">;
  readonly events: Pick<EventHub, "on">;
  readonly log: Logger;
  readonly times?: Partial<typeof defaultTimes>;
}

/** Milliseconds. A start has better things to do than to collect what a kill of the last engine left. */
const defaultTimes = { first: 60_000, soon: 5_000, later: 60_000, period: 30 * 60_000 };

/** However much comes and goes, collections take no more than one part in so many of the time. */
const restFactor = 50;

/** Collects garbage and keeps to the disk budget: when asked, some time after something changed, and now and then. */
export interface Housekeeping {
  /** A collection, and whatever the disk budget asks for. */
  collect: Collect;
  /** No more rounds by itself. */
  close(): void;
}

export function createHousekeeping(needs: HousekeepingNeeds): Housekeeping {
  const { budget, events, uses } = needs;
  const times = { ...defaultTimes, ...needs.times };
  const collect: Collect = async () => {
    const { bytes } = await needs.collect();
    if (!(await budget.enforce())) return { bytes };
    return { bytes: bytes + (await needs.collect()).bytes };
  };
  const rounds = new Rounds(collect, times.period, needs.log);
  rounds.within(times.first);
  // A fact that is missed costs nothing but time: the next regular round finds what it was about.
  const listening = events.on((event) => {
    const image = imageUsed(event);
    if (image !== undefined) uses.note(image);
    const change = changeOf(event);
    if (change !== undefined) rounds.within(times[change]);
  });
  return {
    collect,
    close() {
      rounds.close();
      listening[Symbol.dispose]();
    },
  };
}

/** Rounds that begin when they are due, one after the other, with rests between them. */
class Rounds {
  readonly #work: Collect;
  readonly #period: number;
  readonly #log: Logger;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #due = Number.POSITIVE_INFINITY;
  #notBefore = 0;
  #closed = false;

  constructor(work: Collect, period: number, log: Logger) {
    this.#work = work;
    this.#period = period;
    this.#log = log;
  }

  /** A round begins within this time, unless the last one took so long that it has to rest. */
  within(milliseconds: number): void {
    const due = Math.max(performance.now() + milliseconds, this.#notBefore);
    if (this.#closed || due >= this.#due) return;
    this.#due = due;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#round(), Math.max(0, due - performance.now()));
    this.#timer.unref();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #round(): Promise<void> {
    this.#due = Number.POSITIVE_INFINITY;
    const began = performance.now();
    try {
      await this.#work();
    } catch (error) {
      // An engine that is closing takes the stores away from a round under way.
      if (!this.#closed) this.#log.warn("cannot collect garbage", { error: messageOf(error) });
    }
    const ended = performance.now();
    this.#notBefore = ended + (ended - began) * restFactor;
    this.within(this.#period);
  }
}

/** The image, by name or ID, that a fact shows to be in use. */
function imageUsed({ type, action, id, attributes }: Event): string | undefined {
  if (type === "container") return action === "create" || action === "destroy" ? attributes.image : undefined;
  if (type !== "image") return undefined;
  return ["pull", "push", "load", "import", "tag", "save"].includes(action)
    ? (attributes.name ?? id)
    : undefined;
}

/** How soon a round is worth it: what images leave is freed soon, what a container has let go of later. */
function changeOf({ type, action }: Event): "soon" | "later" | undefined {
  if (type === "container") return action === "destroy" ? "later" : undefined;
  if (type !== "image") return undefined;
  return action === "save" || action === "push" ? undefined : "soon";
}
