import { type Logger, messageOf } from "../../base/index.ts";
import { listChains } from "../chains.ts";
import { Batch, type NftSocket, openNftSocket } from "../nftables/index.ts";
import {
  addBridge,
  addForwardingMark,
  type BridgeRules,
  forwardingMark,
  type PortRules,
  portKey,
  removeBridge,
  removePort,
  removeTable,
  setPort,
  wholeTable,
} from "./ruleset.ts";

/**
 * The engine's own table `ip <name>` and what should be in it. Each change is one transaction of a few commands;
 * when the kernel refuses one, because somebody flushed our table for instance, the whole table is written anew.
 */
export class Firewall implements Disposable {
  readonly #table: string;
  readonly #log: Logger;
  readonly #bridges = new Map<string, BridgeRules>();
  readonly #ports = new Map<string, PortRules>();
  #marked = false;
  #socket: NftSocket | undefined;

  constructor(options: { table: string; log: Logger }) {
    this.#table = options.table;
    this.#log = options.log;
  }

  addBridge(rules: BridgeRules): void {
    this.#bridges.set(rules.bridge, rules);
    this.#change(
      (batch) => addBridge(batch, rules),
      () => this.#bridges.delete(rules.bridge),
    );
  }

  /** Notes in the table itself, where it outlives the engine, that forwarding is to be switched off in the end. */
  markForwarding(): void {
    if (this.#marked) return;
    this.#marked = true;
    this.#change(addForwardingMark, () => {
      this.#marked = false;
    });
  }

  /** Absent is a success. */
  removeBridge(bridge: string): void {
    const rules = this.#bridges.get(bridge);
    if (!rules) return;
    this.#bridges.delete(bridge);
    this.#change((batch) => removeBridge(batch, rules));
  }

  /** Sets ports, all at once; one without targets stays as a rule-less entry and leads nowhere. */
  setPorts(ports: readonly PortRules[]): void {
    if (ports.length === 0) return;
    const before = new Map(this.#ports);
    for (const port of ports) this.#ports.set(portKey(port), port);
    const add = (batch: Batch) => {
      for (const port of ports) setPort(batch, port);
    };
    this.#change(add, () => {
      this.#ports.clear();
      for (const [key, port] of before) this.#ports.set(key, port);
    });
  }

  /** Sets and removes ports in one transaction. Absent ones are a success. */
  updatePorts(changed: readonly PortRules[], removed: readonly PortRules[]): void {
    const known = removed.filter((port) => this.#ports.delete(portKey(port)));
    for (const port of changed) this.#ports.set(portKey(port), port);
    if (changed.length + known.length === 0) return;
    this.#change((batch) => {
      for (const port of changed) setPort(batch, port);
      for (const port of known) removePort(batch, port);
    });
  }

  /** Takes these as what should be there and writes the whole table, replacing the old one without a gap. */
  restore(bridges: readonly BridgeRules[], ports: readonly PortRules[]): void {
    this.#bridges.clear();
    this.#ports.clear();
    this.#marked ||= isMarked(this.#table);
    for (const rules of bridges) this.#bridges.set(rules.bridge, rules);
    for (const port of ports) this.#ports.set(portKey(port), port);
    this.#writeAll();
  }

  /** Removes the table. */
  remove(): void {
    this.#marked = false;
    this.#bridges.clear();
    this.#ports.clear();
    this.#commit(removeTable(this.#table));
  }

  [Symbol.dispose](): void {
    this.#socket?.[Symbol.dispose]();
    this.#socket = undefined;
  }

  #change(fill: (batch: Batch) => void, undo?: () => void): void {
    const batch = new Batch(this.#table);
    fill(batch);
    try {
      this.#commit(batch);
      return;
    } catch (error) {
      this.#log.warn("firewall change refused; writing the whole table", { error: messageOf(error) });
    }
    try {
      this.#writeAll();
    } catch (error) {
      undo?.();
      throw error;
    }
  }

  #writeAll(): void {
    const batch = wholeTable(this.#table, this.#bridges.values(), this.#ports.values());
    if (this.#marked) addForwardingMark(batch);
    this.#commit(batch);
  }

  /** A refusal may leave more answers unread than one: the socket is not used again after it. */
  #commit(batch: Batch): void {
    this.#socket ??= openNftSocket();
    try {
      this.#socket.commit(batch);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }
}

function isMarked(table: string): boolean {
  return listChains().some(
    (chain) => chain.family === "ip" && chain.table === table && chain.name === forwardingMark,
  );
}
