import { writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { EngineError, isKind, type Logger, type LogPosition, messageOf } from "../base/index.ts";
import type { LinuxResources } from "../oci/index.ts";
import type { Discards } from "../sys/index.ts";
import { cgroupsPathOf, readExit, readPid, removeBundle, renderSpec } from "./bundle.ts";
import { applyResources, isCgroupGone, setFrozen } from "./cgroup-files.ts";
import type { CgroupMount } from "./cgroup-mounts.ts";
import { ShimExec } from "./exec-process.ts";
import { ShimControl, type ShimEvent } from "./shim-control.ts";
import { removeOrphan } from "./shim-process.ts";
import { isGone, openStream, type ReplyValues, ShimRefusal } from "./shim-socket.ts";
import { startError } from "./start-error.ts";
import type { AttachOptions, AttachStream, ExecConfig, ExecProcess, ExitStatus, Task } from "./types.ts";

export interface TaskOptions {
  readonly id: string;
  readonly bundle: string;
  /** Path of the shim binary. */
  readonly shim: string;
  readonly cgroupMounts: readonly CgroupMount[];
  /** For error texts; the shim knows what it starts. */
  readonly command: string;
  readonly log: Logger;
  readonly patience: Patience;
  readonly discards: Discards;
}

/** Milliseconds that others may take before they count as hung. */
export interface Patience {
  /** A shim for an answer. */
  readonly answer: number;
  /** The OCI runtime for a start or an exec. */
  readonly start: number;
}

/** A shim that was found after a restart of the engine is not waited for longer than this. */
const greetingPatience = 500;

const killedCode = 137;
const sigkill = 9;

/** A task as the engine holds it: the connection to its shim. */
export class ShimTask implements Task {
  readonly id: string;
  readonly exited: Promise<ExitStatus>;
  /** Resolves when the shim is gone or was let go, and what it may have left is removed. */
  readonly gone: Promise<void>;
  readonly #options: TaskOptions;
  readonly #control: ShimControl;
  readonly #exit = Promise.withResolvers<ExitStatus>();
  readonly #started = Promise.withResolvers<void>();
  readonly #execs = new Map<string, (result: { code: number }) => void>();
  #pid = 0;
  #over = false;
  #released = false;

  private constructor(options: TaskOptions, control: ShimControl) {
    this.id = options.id;
    this.#options = options;
    this.#control = control;
    this.exited = this.#exit.promise;
    this.gone = control.closed.then(() => this.#shimGone());
  }

  /**
   * Connects to the shim of a bundle; rejects with a system error when none listens. One that does not answer soon
   * has the state `silent`; the task is usable as soon as it goes on.
   */
  static async connect(options: TaskOptions): Promise<{ task: ShimTask; state: string }> {
    const early: ShimEvent[] = [];
    let deliver = (event: ShimEvent): void => void early.push(event);
    const { control, state } = await ShimControl.open(options.bundle, {
      onEvent: (event) => deliver(event),
      patience: options.patience.answer,
      firstPatience: greetingPatience,
    });
    const task = new ShimTask(options, control);
    task.#pid = state ? Number(state.get("pid") ?? 0) : await readPid(options.bundle);
    deliver = (event) => task.#event(event);
    for (const event of early) task.#event(event);
    return { task, state: state ? (state.get("state") ?? "") : "silent" };
  }

  get pid(): number {
    return this.#pid;
  }

  async start(): Promise<void> {
    try {
      const values = await this.#control.request("start", this.#options.patience.start);
      this.#pid = Number(values.get("pid"));
    } catch (error) {
      if (isKind(error, "unavailable")) {
        await this.abandon();
        const message = `OCI runtime did not answer within ${this.#options.patience.start / 1000} s`;
        throw new EngineError("unavailable", message, { subject: "start-failed", cause: error });
      }
      await this.gone;
      if (!(error instanceof ShimRefusal)) throw error;
      throw startError("run", error.message, this.#options.command);
    }
  }

  /** For a start that an earlier engine asked for: true when it has succeeded or failed in time. */
  async startSettled(patience: number): Promise<boolean> {
    const late = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => late.resolve(false), patience);
    const settled = Promise.race([this.#started.promise, this.gone]).then(() => true);
    try {
      return await Promise.race([settled, late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  async attach({ stdin, from }: AttachOptions): Promise<AttachStream> {
    const place = typeof from === "string" ? from : `${from.generation}:${from.offset}`;
    const { socket } = await this.#stream(`attach from=${place} stdin=${stdin ? 1 : 0}`);
    return socket;
  }

  async follow(from: LogPosition): Promise<{ position: LogPosition; output: AttachStream }> {
    const { socket, values } = await this.#stream(`attach from=${from.generation}:${from.offset} stdin=0`);
    const place = (key: string) => Number(values.get(key) ?? 0);
    return { position: { generation: place("generation"), offset: place("offset") }, output: socket };
  }

  async signal(number: number): Promise<void> {
    try {
      await this.#request(`signal number=${number}`);
    } catch (error) {
      if (!isKind(error, "unavailable")) throw error;
      if (number === sigkill) await this.abandon();
      // Nobody reaps init while its shim hangs: the ID is still its own.
      else if (this.#pid > 0) process.kill(this.#pid, number);
    }
  }

  async abandon(): Promise<void> {
    await removeOrphan(this.#options.shim, this.#options.bundle);
    await this.gone;
  }

  async resize(size: { height: number; width: number }): Promise<void> {
    await this.#request(`resize height=${size.height} width=${size.width}`);
  }

  async pause(): Promise<void> {
    await this.#setFrozen(true).catch((error: unknown) => {
      if (!isCgroupGone(error)) throw error;
      throw new EngineError("conflict", `Container ${this.id} is not running`, {
        subject: this.id,
        cause: error,
      });
    });
  }

  async resume(): Promise<void> {
    // What has ended meanwhile is not frozen any more.
    await this.#setFrozen(false).catch((error: unknown) => {
      if (!isCgroupGone(error) && !isKind(error, "conflict")) throw error;
    });
  }

  async #setFrozen(frozen: boolean): Promise<void> {
    await setFrozen(this.#options.cgroupMounts, await this.#cgroupsPath(), frozen);
  }

  async update(resources: LinuxResources): Promise<void> {
    await applyResources(this.#options.cgroupMounts, await this.#cgroupsPath(), resources);
  }

  async exec({ id, process, tty, stdin }: ExecConfig): Promise<ExecProcess> {
    const file = join(this.#options.bundle, `exec-${id}.json`);
    const exit = Promise.withResolvers<{ code: number }>();
    this.#execs.set(id, exit.resolve);
    try {
      // As the bundle itself: written before a worker would have taken the order.
      writeFileSync(file, renderSpec({ ...process, terminal: tty }), { mode: 0o600 });
      const request = `exec id=${id} tty=${tty ? 1 : 0} stdin=${stdin ? 1 : 0}`;
      const { socket, values } = await this.#stream(request, this.#options.patience.start);
      const pid = Number(values.get("pid"));
      return new ShimExec({ id, pid, exited: exit.promise, control: this.#control, stream: socket });
    } catch (error) {
      this.#execs.delete(id);
      await rm(file, { force: true });
      if (!(error instanceof ShimRefusal)) throw error;
      throw startError("exec", error.message, process.args[0] ?? "");
    }
  }

  async destroy(): Promise<void> {
    await this.#control.request("shutdown").catch(async (error: unknown) => {
      if (isKind(error, "unavailable")) await this.abandon();
      else if (!(error instanceof EngineError)) throw error;
    });
    await this.gone;
    await removeBundle(this.#options.bundle, this.#options.discards);
  }

  /** Lets go of the shim, which goes on. */
  release(): void {
    this.#released = true;
    this.#control.close();
  }

  async #request(command: string): Promise<ReplyValues> {
    try {
      return await this.#control.request(command);
    } catch (error) {
      throw this.#notRunning(error);
    }
  }

  async #stream(request: string, patience = this.#options.patience.answer) {
    try {
      return await openStream(this.#options.bundle, request, patience);
    } catch (error) {
      throw this.#notRunning(error);
    }
  }

  /** A refusal or a dead shim is a container that does not run; the runtime's words and other failures pass. */
  #notRunning(error: unknown): unknown {
    if (isKind(error, "unavailable")) {
      const message = `Container ${this.id} does not answer: ${messageOf(error)}`;
      return new EngineError("unavailable", message, { subject: this.id, cause: error });
    }
    const refused = error instanceof ShimRefusal && error.message === "not running";
    if (!refused && !isGone(error)) return error;
    const message = `Container ${this.id} is not running`;
    return new EngineError("conflict", message, { subject: this.id, cause: error });
  }

  async #cgroupsPath(): Promise<string> {
    const path = this.#over ? undefined : await cgroupsPathOf(this.#options.bundle);
    if (path !== undefined) return path;
    throw new EngineError("conflict", `Container ${this.id} is not running`, { subject: this.id });
  }

  #event({ name, values }: ShimEvent): void {
    const code = Number(values.get("code"));
    switch (name) {
      case "started":
        this.#pid = Number(values.get("pid"));
        this.#started.resolve();
        return;
      case "end":
        this.#over = true;
        return;
      case "exec-exit":
        this.#execs.get(values.get("id") ?? "")?.({ code });
        this.#execs.delete(values.get("id") ?? "");
        return;
      case "log-lost":
        this.#options.log.warn("output of a container could not be written to its log", {
          container: this.id,
          error: values.get("error") ?? "",
        });
        return;
      case "exit":
        this.#end({ code, oomKilled: values.get("oom") === "1", exitedAt: values.get("at") ?? "" });
    }
  }

  #end(status: ExitStatus): void {
    this.#over = true;
    for (const resolve of this.#execs.values()) resolve({ code: killedCode });
    this.#execs.clear();
    this.#exit.resolve(status);
  }

  /** The connection ended without word of an exit: the shim was killed, or there was nothing to tell of. */
  async #shimGone(): Promise<void> {
    if (this.#over || this.#released) return;
    const status = await readExit(this.#options.bundle);
    await removeOrphan(this.#options.shim, this.#options.bundle);
    if (status) this.#end(status);
    else if (this.#pid > 0) {
      this.#end({ code: killedCode, oomKilled: false, exitedAt: new Date().toISOString() });
    }
  }
}
