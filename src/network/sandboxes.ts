import { EngineError } from "../base/index.ts";
import type { Collection, Records } from "../records/index.ts";
import type { DnsOverrides } from "./resolv-conf.ts";
import type { Endpoint, Sandbox } from "./types.ts";

/** The durable record of a sandbox. */
export interface SandboxRecord {
  readonly version: 1;
  readonly sandbox: Sandbox;
  readonly containerName: string;
  readonly shareKey?: string;
  readonly dns: DnsOverrides;
}

/** The open sandboxes of this engine: a view of their records. */
export class Sandboxes {
  readonly #records: Collection<SandboxRecord>;
  readonly #byID: Map<string, SandboxRecord>;

  constructor(records: Records) {
    this.#records = records.collection<SandboxRecord>("sandboxes");
    this.#byID = new Map(this.#records.entries());
  }

  find(id: string): SandboxRecord | undefined {
    return this.#byID.get(id);
  }

  get(id: string): SandboxRecord {
    const record = this.#byID.get(id);
    if (!record) throw new EngineError("not-found", `sandbox ${id} not found`, { subject: id });
    return record;
  }

  put(record: SandboxRecord): void {
    this.#records.put(record.sandbox.id, record);
    this.#byID.set(record.sandbox.id, record);
  }

  remove(id: string): void {
    this.#records.remove(id);
    this.#byID.delete(id);
  }

  list(): readonly SandboxRecord[] {
    return [...this.#byID.values()];
  }

  /** The endpoints on a network. */
  attached(networkID: string): readonly { sandboxID: string; endpoint: Endpoint }[] {
    return this.list().flatMap(({ sandbox }) =>
      sandbox.endpoints
        .filter((endpoint) => endpoint.networkID === networkID)
        .map((endpoint) => ({ sandboxID: sandbox.id, endpoint })),
    );
  }
}
