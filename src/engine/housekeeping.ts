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
const defaultTimes = { first: 60_000, quiet: 5_000, period: 30 * 60_000 };

/** However much comes and goes, collections take no more than one part in so many of the time. */
const restFactor = 50;

/** Collects garbage and keeps to the disk budget: when asked, some time after something changed, and now and then. */
export interface Housekeeping {
  /** A collection, and whatever the disk budget asks for. */
  collect: Collect;
  close(): void;
}

export function createHousekeeping(needs: HousekeepingNeeds): Housekeeping {
  const { budget, log } = needs;
  const times = { ...defaultTimes, ...needs.times };
  const collect: Collect = async () => {
    const { bytes } = await needs.collect();
    if (!(await budget.enforce())) return { bytes };
    return { bytes: bytes + (await needs.collect()).bytes };
  };
  let took = 0;
  const timed: Collect = async () => {
    const began = performance.now();
    try {
      return await collect();
    } finally {
      took = performance.now() - began;
    }
  };
  const quietly = (): void => {
    timed().catch((error: unknown) => log.warn("cannot collect garbage", { error: messageOf(error) }));
  };
  const first = setTimeout(quietly, times.first);
  const regular = setInterval(quietly, times.period);
  let soon: ReturnType<typeof setTimeout> | undefined;
  const wake = (): void => {
    if (soon !== undefined) return;
    const begin = (): void => {
      soon = undefined;
      quietly();
    };
    soon = setTimeout(begin, Math.max(times.quiet, took * restFactor));
    soon.unref();
  };
  first.unref();
  regular.unref();
  // A fact that is missed costs nothing but time: the next regular round finds what it was about.
  const listening = needs.events.on((event) => {
    const image = imageUsed(event);
    if (image !== undefined) needs.uses.note(image);
    if (changesStore(event)) wake();
  });
  return {
    collect,
    close() {
      for (const timer of [first, regular, soon]) clearTimeout(timer);
      listening[Symbol.dispose]();
    },
  };
}

/** The image, by name or ID, that a fact shows to be in use. */
function imageUsed({ type, action, id, attributes }: Event): string | undefined {
  if (type === "container") return action === "create" || action === "destroy" ? attributes.image : undefined;
  if (type !== "image") return undefined;
  return ["pull", "push", "load", "import", "tag", "save"].includes(action)
    ? (attributes.name ?? id)
    : undefined;
}

function changesStore({ type, action }: Event): boolean {
  if (type === "container") return action === "destroy" || action === "commit";
  return type === "image" && action !== "save" && action !== "push";
}
