import { EngineError } from "../base/index.ts";
import type { Collection, Records } from "../records/index.ts";
import type { Network } from "./types.ts";

/** Names of the networks that every engine has. */
export const predefined: ReadonlySet<string> = new Set(["bridge", "host", "none"]);

/** The networks of this engine: a view of their records that finds them as users name them. */
export class Networks {
  readonly #records: Collection<Network>;
  readonly #byID: Map<string, Network>;

  constructor(records: Records) {
    this.#records = records.collection<Network>("networks");
    this.#byID = new Map(this.#records.entries());
  }

  put(network: Network): void {
    this.#records.put(network.id, network);
    this.#byID.set(network.id, network);
  }

  remove(id: string): void {
    this.#records.remove(id);
    this.#byID.delete(id);
  }

  list(): readonly Network[] {
    return [...this.#byID.values()].sort((a, b) => a.created.localeCompare(b.created));
  }

  findByName(name: string): Network | undefined {
    for (const network of this.#byID.values()) if (network.name === name) return network;
    return undefined;
  }

  /** By full ID, name, or unique prefix of an ID. Throws `not-found`, or `invalid` when several match. */
  get(reference: string): Network {
    const exact = this.#byID.get(reference) ?? this.findByName(reference);
    if (exact) return exact;
    const matches = reference === "" ? [] : this.list().filter(({ id }) => id.startsWith(reference));
    if (matches.length > 1) {
      const count = `${matches.length} matches found based on ID prefix`;
      throw new EngineError("invalid", `network ${reference} is ambiguous (${count})`, {
        subject: reference,
      });
    }
    if (!matches[0]) {
      throw new EngineError("not-found", `network ${reference} not found`, { subject: reference });
    }
    return matches[0];
  }
}
