import type { Logger } from "../../base/index.ts";
import { answerQuery, failure } from "./answer.ts";
import type { Upstream } from "./ask.ts";
import { Forwarder } from "./forward.ts";
import { NameTable } from "./names.ts";
import { openDnsServer, type QueryHandler } from "./server.ts";

/** What the resolver has to know of a sandbox; read anew at each query. */
export interface ResolverView {
  /** IDs of its networks in order of priority. */
  readonly networkIDs: readonly string[];
  /** Servers for all other names; empty for a sandbox that has no way out. */
  readonly upstreams: () => readonly Upstream[];
  /** Set when names of one label are never looked for outside. */
  readonly keepsSingleLabels: boolean;
}

/** The resolvers of all sandboxes, one server in each. */
export class Resolvers implements Disposable {
  readonly names = new NameTable();
  readonly #servers = new Map<string, Disposable>();
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Serves a sandbox whose namespace is at `path`; `view` is asked at each query. Served already is a success. */
  open(sandbox: { readonly id: string; readonly path: string }, view: () => ResolverView): void {
    if (this.#servers.has(sandbox.id)) return;
    // Each sandbox has a forwarder of its own, so that none uses up the queries of another.
    const forwarder = new Forwarder();
    const answer: QueryHandler = (query, protocol) =>
      this.#answer(query, { protocol, forwarder, view: view() });
    this.#servers.set(sandbox.id, openDnsServer(sandbox.path, answer));
  }

  /** Absent is a success. */
  close(sandboxID: string): void {
    const server = this.#servers.get(sandboxID);
    this.#servers.delete(sandboxID);
    server?.[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    for (const id of [...this.#servers.keys()]) this.close(id);
  }

  async #answer(
    query: Uint8Array,
    options: { protocol: "udp" | "tcp"; forwarder: Forwarder; view: ResolverView },
  ): Promise<Uint8Array> {
    const { protocol, forwarder, view } = options;
    const { networkIDs, keepsSingleLabels } = view;
    const lookup = this.names.lookup(networkIDs);
    const verdict = await answerQuery(query, { lookup, protocol, keepsSingleLabels });
    if (verdict.kind === "answer") return verdict.bytes;
    const upstreams = view.upstreams();
    const answer = await forwarder.forward(query, upstreams, protocol);
    if (!answer) this.#log.debug("name query without answer", { servers: upstreams.length });
    return answer ?? failure(query, "serverFailure");
  }
}
