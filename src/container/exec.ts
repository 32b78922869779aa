import { readFileSync } from "node:fs";
import { join } from "node:path";
import { EngineError, messageOf, newID } from "../base/index.ts";
import type { RuntimeSpec } from "../oci/index.ts";
import { type AttachStream, buildExecProcess, type ExecProcess } from "../runtime/index.ts";
import type { ExecCreateRequest } from "../wire/index.ts";
import { bundleOf, type Collaborators } from "./collaborators.ts";
import { mergeEnv } from "./config.ts";
import { announceContainer } from "./facts.ts";
import { runningTask } from "./pause.ts";
import { processUser } from "./process-user.ts";
import type { ContainerRecord, Size } from "./types.ts";

type Needs = Pick<
  Collaborators,
  "store" | "snapshots" | "announce" | "paths" | "abilities" | "log" | "step" | "runtime"
>;

/** One more process in a running container, as far as it has come. */
export interface Exec {
  readonly id: string;
  readonly containerID: string;
  readonly request: ExecCreateRequest;
  readonly created: number;
  phase: "created" | "running" | "ended";
  process: ExecProcess | undefined;
  exitCode: number | null;
  endedAt: number;
}

/** How long an ended exec can still be asked for its exit code. */
const keepFor = 5 * 60_000;

/** The execs of all containers. They live as long as the engine and their container's run. */
export class Execs {
  readonly #needs: Needs;
  readonly #execs = new Map<string, Exec>();

  constructor(needs: Needs) {
    this.#needs = needs;
  }

  /** Notes an exec; throws `conflict` when the container does not run or is paused, `invalid` without command. */
  create(reference: string, request: ExecCreateRequest): Exec {
    const record = this.#runningNow(reference);
    if (!request.Cmd?.length) {
      throw new EngineError("invalid", "No exec command specified", { subject: record.id });
    }
    this.#needs.runtime.expectProcess();
    this.#forgetOld();
    const exec: Exec = {
      id: newID(),
      containerID: record.id,
      request,
      created: Date.now(),
      phase: "created",
      process: undefined,
      exitCode: null,
      endedAt: 0,
    };
    this.#execs.set(exec.id, exec);
    announceContainer(this.#needs.announce, record, `exec_create: ${request.Cmd.join(" ")}`, {
      execID: exec.id,
    });
    return exec;
  }

  /** Throws `not-found`: `No such exec instance: …`. */
  get(id: string): Exec {
    const exec = this.#execs.get(id);
    if (exec) return exec;
    throw new EngineError("not-found", `No such exec instance: ${id}`, { subject: id });
  }

  /** IDs of a container's execs that run. */
  running(containerID: string): string[] {
    return [...this.#execs.values()]
      .filter((exec) => exec.containerID === containerID && exec.phase === "running")
      .map((exec) => exec.id);
  }

  /** Throws what `start` would throw before it runs anything, so that an answer can be given first. */
  checkStartable(id: string): Exec {
    const exec = this.get(id);
    if (exec.phase !== "created") {
      throw new EngineError(
        "conflict",
        `exec ${id} has already ${exec.phase === "ended" ? "run" : "started"}`,
        {
          subject: id,
        },
      );
    }
    this.#runningNow(exec.containerID);
    return exec;
  }

  /**
   * Runs the process and connects to it; without a client its output is dropped. On failure the exit code is
   * recorded (126, 127) and Docker's words are thrown.
   */
  async start(id: string, options: { detach: boolean; size?: Size }): Promise<AttachStream | undefined> {
    const exec = this.checkStartable(id);
    exec.phase = "running";
    const { record, task } = runningTask(this.#needs, exec.containerID);
    try {
      const process = await task.exec({
        id: exec.id,
        process: await this.#processSpec(record, exec.request),
        tty: exec.request.Tty ?? false,
        stdin: (exec.request.AttachStdin ?? false) && !options.detach,
      });
      exec.process = process;
      this.#needs.step("exec:started");
      this.#follow(exec, record, process);
      const stream = await process.attach();
      if (options.size) await process.resize(options.size).catch(() => {});
      const command = (exec.request.Cmd ?? []).join(" ");
      announceContainer(this.#needs.announce, record, `exec_start: ${command}`, { execID: id });
      if (!options.detach) return stream;
      stream.on("error", () => {});
      stream.resume();
      return undefined;
    } catch (error) {
      this.#end(exec, failureCode(error));
      throw error;
    }
  }

  /** A client let go of an exec with the detach keys. */
  announceDetach(id: string): void {
    const exec = this.#execs.get(id);
    const record = exec && this.#needs.store.find(exec.containerID);
    if (record) announceContainer(this.#needs.announce, record, "exec_detach", { execID: id });
  }

  async resize(id: string, size: Size): Promise<void> {
    const exec = this.get(id);
    if (!exec.process || exec.phase !== "running") {
      throw new EngineError("conflict", `cannot resize a stopped container: exec ${id} is not running`, {
        subject: id,
      });
    }
    await exec.process.resize(size);
  }

  /** A container in which a process can be started; throws `conflict` with Docker's words. */
  #runningNow(reference: string): ContainerRecord {
    const { record } = runningTask(this.#needs, reference);
    if (record.state.phase !== "paused") return record;
    throw new EngineError("conflict", `Container ${reference} is paused, unpause the container before exec`, {
      subject: record.id,
    });
  }

  async #processSpec(record: ContainerRecord, request: ExecCreateRequest) {
    const container = readSpec(join(bundleOf(this.#needs.paths, record.id), "config.json"));
    const rootfs = await this.#needs.snapshots.mounts(record.id);
    const { home, ...user } = await processUser(
      rootfs,
      request.User || record.config.User || "",
      record.hostConfig.GroupAdd ?? [],
    );
    const base = container.process.env.filter(
      (entry) => !entry.startsWith("HOME=") || (record.config.Env ?? []).includes(entry),
    );
    const withHome = base.some((entry) => entry.startsWith("HOME=")) ? base : [...base, `HOME=${home}`];
    const term = request.Tty && !withHome.some((entry) => entry.startsWith("TERM=")) ? ["TERM=xterm"] : [];
    return buildExecProcess({
      container,
      args: request.Cmd ?? [],
      env: mergeEnv([...withHome, ...term], request.Env ?? []),
      ...(request.WorkingDir ? { cwd: request.WorkingDir } : {}),
      user,
      tty: request.Tty ?? false,
      privileged: request.Privileged ?? false,
      host: this.#needs.abilities,
    });
  }

  #follow(exec: Exec, record: ContainerRecord, process: ExecProcess): void {
    process.exited
      .then(({ code }) => {
        this.#end(exec, code);
        this.#needs.step("exec:ended");
        const attributes = { execID: exec.id, exitCode: String(code) };
        announceContainer(this.#needs.announce, record, "exec_die", attributes);
      })
      .catch((error: unknown) => {
        this.#end(exec, 255);
        this.#needs.log.warn("lost an exec", { exec: exec.id, error: messageOf(error) });
      });
  }

  #end(exec: Exec, code: number): void {
    exec.phase = "ended";
    exec.exitCode = code;
    exec.endedAt = Date.now();
    exec.process = undefined;
  }

  #forgetOld(): void {
    const oldest = Date.now() - keepFor;
    for (const [id, exec] of this.#execs) {
      const gone = !this.#needs.store.hasTask(exec.containerID);
      if (exec.phase === "ended" ? exec.endedAt < oldest : gone && exec.created < oldest)
        this.#execs.delete(id);
    }
  }
}

function failureCode(error: unknown): number {
  if (!(error instanceof EngineError)) return 126;
  return error.subject === "command-not-found" ? 127 : 126;
}

function readSpec(path: string): RuntimeSpec {
  // Written by this engine or the one before it.
  return JSON.parse(readFileSync(path, "utf8")) as RuntimeSpec;
}
