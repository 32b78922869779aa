import { parseDuration } from "../../base/index.ts";
import type { Event, EventHub } from "../../engine/index.ts";
import { familiarName, parseReference, repositoryOf } from "../../oci/index.ts";
import { type EventMessage, type Filters, parseFilters } from "../../wire/index.ts";
import type { Call, Reply } from "../call.ts";
import { checkKeys, matchesLabels } from "../filter.ts";
import { moment } from "../query.ts";
import { type Route, route } from "../routes.ts";
import { sorted } from "../shapes/field-order.ts";

/** The event stream. */
export function eventRoutes(events: EventHub): Route[] {
  return [route("GET", "/events", (call) => stream(events, call))];
}

function stream(events: EventHub, call: Call): Reply {
  const filters = parseFilters(call.query.get("filters") ?? undefined);
  checkKeys(filters, [
    ...Object.keys(actorTypes),
    ...otherActors,
    "event",
    "image",
    "label",
    "scope",
    "type",
  ]);
  const since = timeOf(call.query.get("since"));
  const until = timeOf(call.query.get("until"));
  return {
    kind: "stream",
    contentType: "application/json",
    chunks: lines(events, call, { since, until, filters }),
  };
}

/** How many events wait for a client that does not read; one that is further behind is let go. */
const patience = 4096;

interface Window {
  readonly since: bigint | undefined;
  readonly until: bigint | undefined;
  readonly filters: Filters;
}

async function* lines(events: EventHub, call: Call, window: Window): AsyncGenerator<string> {
  const queue: Event[] = window.since === undefined ? [] : events.recent(window.since);
  let wake: () => void = () => {};
  let behind = false;
  using _listening = events.on((event) => {
    behind ||= queue.length >= patience;
    if (!behind) queue.push(event);
    wake();
  });
  const stop = (): void => wake();
  call.signal.addEventListener("abort", stop, { once: true });
  const left = window.until === undefined ? undefined : Number(window.until / 1_000_000n) - Date.now();
  const timer = left === undefined || left <= 0 ? undefined : setTimeout(stop, Math.min(left, 2 ** 31 - 1));
  const over = (): boolean =>
    call.signal.aborted || (window.until !== undefined && BigInt(Date.now()) * 1_000_000n >= window.until);
  try {
    for (;;) {
      const wanted = queue.splice(0).filter((event) => isWanted(event, window));
      if (wanted.length > 0) yield wanted.map(lineOf).join("");
      if (behind) return;
      if (queue.length > 0) continue;
      if (over()) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      wake = resolve;
      await promise;
    }
  } finally {
    clearTimeout(timer);
    call.signal.removeEventListener("abort", stop);
  }
}

/** Filters that name an actor of one type, and how Docker lets it be named: by ID or by name. */
const actorTypes: Readonly<Record<string, Event["type"]>> = {
  container: "container",
  network: "network",
  volume: "volume",
  daemon: "daemon",
};

/** Actors that only a swarm or plugins have: no event is theirs. */
const otherActors = ["builder", "config", "node", "plugin", "secret", "service"];

function isWanted(event: Event, window: Window): boolean {
  if (window.until !== undefined && event.time > window.until) return false;
  return [...window.filters].every(([key, values]) => values.length === 0 || matches(event, key, values));
}

function matches(event: Event, key: string, values: readonly string[]): boolean {
  const type = actorTypes[key];
  if (type !== undefined) {
    const names = [event.id, event.attributes.name];
    return (
      event.type === type &&
      values.some((value) => names.includes(value) || (value.length >= 4 && event.id.startsWith(value)))
    );
  }
  if (otherActors.includes(key)) return false;
  switch (key) {
    case "event":
      return values.some((value) => event.action === value || event.action.startsWith(`${value}:`));
    case "image":
      return values.some((value) => imageNames(event).includes(value));
    case "label":
      return matchesLabels(event.attributes, values);
    case "type":
      return values.includes(event.type);
    default:
      return values.includes("local");
  }
}

/** The image that an event is about, or that its container was made from, with and without its tag. */
function imageNames({ type, id, attributes }: Event): string[] {
  const names = [id, (type === "image" ? attributes.name : attributes.image) ?? ""];
  return [...names, ...names.map(withoutTag)];
}

function withoutTag(name: string): string {
  try {
    return familiarName(repositoryOf(parseReference(name)));
  } catch {
    return name;
  }
}

/** Nanoseconds are more than a JSON number holds exactly: their digits are put in as they are. */
function lineOf(event: Event): string {
  const text = JSON.stringify({ ...shape(event), timeNano: 0 });
  return `${text.replace(/"timeNano":0\}$/, `"timeNano":${event.time}}`)}\n`;
}

function shape(event: Event): EventMessage {
  const legacy =
    event.type === "container" || event.type === "image"
      ? {
          status: event.action,
          id: event.id,
          ...(event.attributes.image === undefined ? {} : { from: event.attributes.image }),
        }
      : {};
  return {
    ...legacy,
    Type: event.type,
    Action: event.action,
    Actor: { ID: event.id, Attributes: sorted(event.attributes) },
    scope: "local",
    time: Number(event.time / 1_000_000_000n),
    timeNano: Number(event.time),
  };
}

/** Unix time, RFC 3339, or a Go duration before now. */
function timeOf(value: string | null): bigint | undefined {
  if (value !== null && /^-?[\d.]+(ns|us|µs|ms|s|m|h)/.test(value)) {
    return BigInt(Date.now()) * 1_000_000n - BigInt(Math.round(parseDuration(value)));
  }
  return moment(value);
}
