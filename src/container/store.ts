import { Emitter, EngineError, Holds, KeyedMutex } from "../base/index.ts";
import type { Collection, Records } from "../records/index.ts";
import { type HealthView, Live } from "./live.ts";
import { next, type StateEvent } from "./state.ts";
import type { ContainerRecord } from "./types.ts";

/** A container's process has ended, or the container is gone; both carry the last exit code. */
export interface Ending {
  readonly id: string;
  readonly kind: "exited" | "removed";
  readonly exitCode: number;
  readonly error: string;
}

/** The containers of this engine: records, names, and what is live of each. Every change goes through here. */
export class ContainerStore {
  /** One transition of a container at a time. */
  readonly locks = new KeyedMutex();
  /** Tells `wait` and its like; see `Ending`. */
  readonly endings = new Emitter<Ending>();
  /** Who reads the log of a container, by its ID: its files stay for them. */
  readonly readers = new Holds();
  readonly #collection: Collection<ContainerRecord>;
  readonly #records = new Map<string, ContainerRecord>();
  readonly #names = new Map<string, string>();
  readonly #live = new Map<string, Live>();

  constructor(records: Records) {
    this.#collection = records.collection<ContainerRecord>("containers");
    for (const record of this.#collection.list()) {
      this.#records.set(record.id, record);
      this.#names.set(record.name, record.id);
    }
  }

  /** By full ID, name (with or without slash) or unique ID prefix; throws `not-found`, or `invalid` when ambiguous. */
  get(reference: string): ContainerRecord {
    const record = this.find(reference);
    if (record) return record;
    throw new EngineError("not-found", `No such container: ${reference}`, { subject: reference });
  }

  /** As `get`, but undefined when there is none. */
  find(reference: string): ContainerRecord | undefined {
    const exact = this.#records.get(reference) ?? this.#byName(reference.replace(/^\//, ""));
    if (exact || !/^[0-9a-f]+$/.test(reference)) return exact;
    const matches = [...this.#records.values()].filter((record) => record.id.startsWith(reference));
    if (matches.length > 1) {
      throw new EngineError("invalid", `Multiple IDs found with provided prefix: ${reference}`, {
        subject: reference,
      });
    }
    return matches[0];
  }

  list(): ContainerRecord[] {
    return [...this.#records.values()];
  }

  /** Who holds a name, made or being made. */
  nameHolder(name: string): string | undefined {
    return this.#names.get(name);
  }

  /** Takes a name for a container to be; throws `conflict` with Docker's words. Dispose to give it back. */
  reserveName(name: string, id: string): Disposable {
    const holder = this.#names.get(name);
    if (holder !== undefined && holder !== id) {
      throw new EngineError(
        "conflict",
        `Conflict. The container name "/${name}" is already in use by container "${holder}". You have to remove (or rename) that container to be able to reuse that name.`,
        { subject: name },
      );
    }
    this.#names.set(name, id);
    return {
      [Symbol.dispose]: () => {
        const kept = this.#records.get(id)?.name === name;
        if (!kept && this.#names.get(name) === id) this.#names.delete(name);
      },
    };
  }

  put(record: ContainerRecord): void {
    this.#collection.put(record.id, record);
    this.#records.set(record.id, record);
    this.#names.set(record.name, record.id);
  }

  /** Records the state after an event; returns the new record. */
  transition(id: string, event: StateEvent): ContainerRecord {
    const before = this.get(id);
    const record = { ...before, state: next(before.state, event) };
    this.put(record);
    return record;
  }

  /** Forgets a container altogether. */
  remove(id: string): void {
    const record = this.#records.get(id);
    this.#collection.remove(id);
    this.#records.delete(id);
    this.#live.delete(id);
    if (record && this.#names.get(record.name) === id) this.#names.delete(record.name);
  }

  /** True while a container has a task; asks without making anything live of one that is gone. */
  hasTask(id: string): boolean {
    return this.#live.get(id)?.task !== undefined;
  }

  /** The live side of a container. */
  live(id: string): Live {
    const existing = this.#live.get(id);
    if (existing) return existing;
    const live = new Live();
    this.#live.set(id, live);
    return live;
  }

  /** What is known of a container's health: from its checker, or as it was when an earlier engine looked. */
  health(id: string): HealthView | undefined {
    const recorded = this.#records.get(id)?.state.health;
    return this.live(id).health ?? (recorded && { ...recorded, log: [], [Symbol.dispose]() {} });
  }

  #byName(name: string): ContainerRecord | undefined {
    const id = this.#names.get(name);
    return id === undefined ? undefined : this.#records.get(id);
  }
}
