import type { Socket } from "node:net";
import { EngineError, isKind } from "../base/index.ts";
import { connectShim, parseReply, parseValues, type ReplyValues, silence } from "./shim-socket.ts";

/** Something the shim tells unasked. */
export interface ShimEvent {
  readonly name: string;
  readonly values: ReplyValues;
}

interface ShimControlOptions {
  readonly onEvent: (event: ShimEvent) => void;
  /** Milliseconds that the shim may take for an answer. */
  readonly patience: number;
}

interface Waiting {
  readonly resolve: (values: ReplyValues) => void;
  readonly reject: (error: unknown) => void;
}

/** The control connection to one shim: tagged requests and their replies, and events between them. */
export class ShimControl {
  /** Resolves when the connection has ended, whichever side ended it. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #onEvent: (event: ShimEvent) => void;
  readonly #patience: number;
  readonly #waiting = new Map<string, Waiting>();
  #nextTag = 1;
  #partial = "";
  #open = true;

  private constructor(socket: Socket, options: ShimControlOptions) {
    this.#socket = socket;
    this.#onEvent = options.onEvent;
    this.#patience = options.patience;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => this.#receive(text));
    socket.on("end", () => socket.destroy());
    socket.on("close", () => {
      this.#open = false;
      const gone = new EngineError("conflict", "The container is not running", { subject: "shim" });
      for (const { reject } of this.#waiting.values()) reject(gone);
      this.#waiting.clear();
      resolve();
    });
  }

  /**
   * Connects to the shim of a bundle and subscribes; also gives the state at that moment. A shim that does not answer
   * in time has no state; its events come once it goes on.
   */
  static async open(
    bundle: string,
    options: ShimControlOptions & { firstPatience: number },
  ): Promise<{ control: ShimControl; state: ReplyValues | undefined }> {
    const control = new ShimControl(await connectShim(bundle), options);
    try {
      return { control, state: await control.request("subscribe", options.firstPatience) };
    } catch (error) {
      if (isKind(error, "unavailable")) return { control, state: undefined };
      throw error;
    }
  }

  /** Throws `ShimRefusal`, `conflict` when the shim is gone, `unavailable` when it does not answer in time. */
  async request(command: string, patience = this.#patience): Promise<ReplyValues> {
    if (!this.#open) throw new EngineError("conflict", "The container is not running", { subject: "shim" });
    const tag = String(this.#nextTag);
    this.#nextTag += 1;
    const { promise, resolve, reject } = Promise.withResolvers<ReplyValues>();
    this.#waiting.set(tag, { resolve, reject });
    this.#socket.write(`${tag} ${command}\n`);
    const timer = setTimeout(() => reject(silence(patience)), patience);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(tag);
    }
  }

  /** Lets go of the shim, which goes on. */
  close(): void {
    this.#socket.destroy();
  }

  #receive(text: string): void {
    const lines = (this.#partial + text).split("\n");
    this.#partial = lines.pop() ?? "";
    for (const line of lines) this.#line(line);
  }

  #line(line: string): void {
    const [first = "", second = "", ...words] = line.split(" ");
    if (first === "event") {
      this.#onEvent({ name: second, values: parseValues(words) });
      return;
    }
    const waiting = this.#waiting.get(first);
    this.#waiting.delete(first);
    if (!waiting) return;
    try {
      waiting.resolve(parseReply(line));
    } catch (error) {
      waiting.reject(error);
    }
  }
}
