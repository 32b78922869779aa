import type { Socket } from "node:net";
import { EngineError } from "../base/index.ts";
import type { ShimControl } from "./shim-control.ts";
import type { AttachStream, ExecProcess } from "./types.ts";

/** An exec as the engine holds it: its connection was made with it, so no output can be missed. */
export class ShimExec implements ExecProcess {
  readonly pid: number;
  readonly exited: Promise<{ code: number }>;
  readonly #id: string;
  readonly #control: ShimControl;
  #stream: Socket | undefined;

  constructor(options: {
    id: string;
    pid: number;
    exited: Promise<{ code: number }>;
    control: ShimControl;
    stream: Socket;
  }) {
    this.#id = options.id;
    this.pid = options.pid;
    this.exited = options.exited;
    this.#control = options.control;
    this.#stream = options.stream;
  }

  async attach(): Promise<AttachStream> {
    const stream = this.#stream;
    this.#stream = undefined;
    if (stream) return stream;
    throw new EngineError("conflict", `exec ${this.#id} already has a client`, { subject: this.#id });
  }

  async signal(number: number): Promise<void> {
    await this.#control.request(`signal id=${this.#id} number=${number}`);
  }

  async resize(size: { height: number; width: number }): Promise<void> {
    await this.#control.request(`resize id=${this.#id} height=${size.height} width=${size.width}`);
  }
}
