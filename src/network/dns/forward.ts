import { ask, type Upstream } from "./ask.ts";

export interface ForwardTimes {
  /** How long the next server waits before it is asked beside the ones that have not answered. */
  readonly stagger: number;
  /** When a query is given up. */
  readonly deadline: number;
}

const defaultTimes: ForwardTimes = { stagger: 1000, deadline: 4500 };
const mostQueries = 256;
const mostServers = 3;
const refusals: ReadonlySet<number> = new Set([2, 5]);

/**
 * Passes queries on to servers upstream. A server that is silent delays nobody: after a moment the next one is
 * asked as well, and the first good answer wins. Every query ends by its deadline, and beyond a number of queries
 * at a time new ones are turned away at once.
 */
export class Forwarder {
  readonly #times: ForwardTimes;
  #running = 0;

  constructor(times: ForwardTimes = defaultTimes) {
    this.#times = times;
  }

  /** The number of queries that wait for an answer. */
  get running(): number {
    return this.#running;
  }

  /** The best answer; undefined when no server gave any. */
  async forward(
    query: Uint8Array,
    servers: readonly Upstream[],
    protocol: "udp" | "tcp",
  ): Promise<Uint8Array | undefined> {
    if (this.#running >= mostQueries || servers.length === 0) return undefined;
    this.#running += 1;
    const abort = new AbortController();
    const deadline = setTimeout(() => abort.abort(new Error("No answer in time")), this.#times.deadline);
    try {
      return await this.#askInTurn(query, servers.slice(0, mostServers), { protocol, signal: abort.signal });
    } finally {
      clearTimeout(deadline);
      abort.abort();
      this.#running -= 1;
    }
  }

  /** Starts the servers one by one: the next when one has failed, or after the stagger time. */
  #askInTurn(
    query: Uint8Array,
    servers: readonly Upstream[],
    options: { protocol: "udp" | "tcp"; signal: AbortSignal },
  ): Promise<Uint8Array | undefined> {
    const { promise, resolve } = Promise.withResolvers<Uint8Array | undefined>();
    const waiting = [...servers];
    let unanswered = servers.length;
    let refusal: Uint8Array | undefined;
    let timer: NodeJS.Timeout | undefined;
    const failed = (answer?: Uint8Array) => {
      refusal ??= answer;
      unanswered -= 1;
      if (unanswered === 0) resolve(refusal);
      else startNext();
    };
    const startNext = () => {
      clearTimeout(timer);
      const server = waiting.shift();
      if (!server || options.signal.aborted) return;
      if (waiting.length > 0) timer = setTimeout(startNext, this.#times.stagger);
      ask(query, server, options).then(
        (answer) => (refusals.has((answer[3] ?? 0) & 15) ? failed(answer) : resolve(answer)),
        () => failed(),
      );
    };
    options.signal.addEventListener("abort", () => resolve(refusal), { once: true });
    startNext();
    return promise.finally(() => clearTimeout(timer));
  }
}
