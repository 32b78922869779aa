import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { EngineError, type Logger, type LogPosition } from "../base/index.ts";
import type { LinuxResources } from "../oci/index.ts";
import { cgroupsPathOf, readExit, removeBundle, renderSpec } from "./bundle.ts";
import { applyResources, setFrozen } from "./cgroup-files.ts";
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
}

const killedCode = 137;

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

  /** Connects to the shim of a bundle; rejects with a system error when none listens. */
  static async connect(options: TaskOptions): Promise<{ task: ShimTask; state: string }> {
    const early: ShimEvent[] = [];
    let deliver = (event: ShimEvent): void => void early.push(event);
    const { control, state } = await ShimControl.open(options.bundle, (event) => deliver(event));
    const task = new ShimTask(options, control);
    task.#pid = Number(state.get("pid") ?? 0);
    deliver = (event) => task.#event(event);
    for (const event of early) task.#event(event);
    return { task, state: state.get("state") ?? "" };
  }

  get pid(): number {
    return this.#pid;
  }

  async start(): Promise<void> {
    try {
      const values = await this.#control.request("start");
      this.#pid = Number(values.get("pid"));
    } catch (error) {
      await this.gone;
      if (!(error instanceof ShimRefusal)) throw error;
      throw startError("run", error.message, this.#options.command);
    }
  }

  /** For a start that an earlier engine asked for: resolves when it has succeeded or failed. */
  async startSettled(): Promise<void> {
    await Promise.race([this.#started.promise, this.gone]);
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
    await this.#request(`signal number=${number}`);
  }

  async resize(size: { height: number; width: number }): Promise<void> {
    await this.#request(`resize height=${size.height} width=${size.width}`);
  }

  async pause(): Promise<void> {
    await setFrozen(this.#options.cgroupMounts, await this.#cgroupsPath(), true);
  }

  async resume(): Promise<void> {
    await setFrozen(this.#options.cgroupMounts, await this.#cgroupsPath(), false);
  }

  async update(resources: LinuxResources): Promise<void> {
    await applyResources(this.#options.cgroupMounts, await this.#cgroupsPath(), resources);
  }

  async exec({ id, process, tty, stdin }: ExecConfig): Promise<ExecProcess> {
    const file = join(this.#options.bundle, `exec-${id}.json`);
    const exit = Promise.withResolvers<{ code: number }>();
    this.#execs.set(id, exit.resolve);
    try {
      await writeFile(file, renderSpec({ ...process, terminal: tty }), { mode: 0o600 });
      const request = `exec id=${id} tty=${tty ? 1 : 0} stdin=${stdin ? 1 : 0}`;
      const { socket, values } = await this.#stream(request);
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
    await this.#control.request("shutdown").catch((error: unknown) => {
      if (!(error instanceof EngineError)) throw error;
    });
    await this.gone;
    await removeBundle(this.#options.bundle);
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

  async #stream(request: string) {
    try {
      return await openStream(this.#options.bundle, request);
    } catch (error) {
      throw this.#notRunning(error);
    }
  }

  /** A refusal or a dead shim is a container that does not run; the runtime's words and other failures pass. */
  #notRunning(error: unknown): unknown {
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
