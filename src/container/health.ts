import { Limiter, messageOf } from "../base/index.ts";
import type { AttachStream } from "../runtime/index.ts";
import type { Collaborators } from "./collaborators.ts";
import type { Execs } from "./exec.ts";
import { announceContainer } from "./facts.ts";
import { type Health, type HealthPlan, type HealthQuestion, healthPlan, nextHealth } from "./health-plan.ts";
import type { HealthView, ProbeResult } from "./live.ts";
import { probeNetwork } from "./probe.ts";
import type { ContainerRecord } from "./types.ts";

const outputLimit = 4096;
const keptResults = 5;
const frameHeader = 8;
/** As many bytes of a stream hold more than the limit of text, be every frame of a single byte. */
const streamLimit = (outputLimit + 1) * (frameHeader + 1);

type Needs = Pick<Collaborators, "store" | "announce" | "log"> & {
  readonly execs: Execs;
  /** Told of a container that is unhealthy, at each check that finds it so. */
  unhealthy(id: string): void;
};

/** Starts checking a container that runs; undefined when it has no check. Disposing stops. */
export function watchHealth(needs: Needs, record: ContainerRecord): HealthView | undefined {
  const plan = healthPlan(record.config.Healthcheck);
  return plan ? new HealthChecker(needs, record, plan) : undefined;
}

class HealthChecker implements HealthView {
  readonly #needs: Needs;
  readonly #id: string;
  readonly #plan: HealthPlan;
  readonly #startedAt: number;
  readonly #one = new Limiter(1);
  readonly #stopping = new AbortController();
  #health: Health;
  #log: ProbeResult[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(needs: Needs, record: ContainerRecord, plan: HealthPlan) {
    this.#needs = needs;
    this.#id = record.id;
    this.#plan = plan;
    // A container that an earlier engine started is as healthy as that one left it.
    this.#health = record.state.health ?? { status: "starting", failingStreak: 0 };
    this.#startedAt = Date.parse(record.state.startedAt);
    const { question } = plan;
    if (question.kind === "network" || question.words.length > 0) this.#schedule();
  }

  get status() {
    return this.#health.status;
  }

  get failingStreak() {
    return this.#health.failingStreak;
  }

  get log() {
    return this.#log;
  }

  [Symbol.dispose](): void {
    this.#stopping.abort();
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    const starting = this.#health.status === "starting" && this.#inStartPeriod();
    const delay = starting ? Math.min(this.#plan.startInterval, this.#plan.interval) : this.#plan.interval;
    this.#timer = setTimeout(() => {
      void this.#one.run(() => this.#check());
    }, delay);
  }

  #inStartPeriod(): boolean {
    return Date.now() - this.#startedAt < this.#plan.startPeriod;
  }

  async #check(): Promise<void> {
    const record = this.#needs.store.find(this.#id);
    if (record?.state.phase !== "running") {
      if (record?.state.phase === "paused") this.#schedule();
      return;
    }
    const start = new Date();
    const result = await this.#ask(record).catch((error: unknown) => ({
      exitCode: -1,
      output: messageOf(error),
    }));
    if (this.#stopping.signal.aborted) return;
    const entry = { start: start.toISOString(), end: new Date().toISOString(), ...result };
    this.#log = [...this.#log, entry].slice(-keptResults);
    const probe = { exitCode: result.exitCode, inStartPeriod: this.#inStartPeriod() };
    this.#become(nextHealth(this.#health, probe, this.#plan.retries));
    this.#schedule();
  }

  /** Takes on a new health; a change of status is announced and recorded. */
  #become(health: Health): void {
    const before = this.#health.status;
    this.#health = health;
    const record = this.#needs.store.find(this.#id);
    if (health.status !== before && record) {
      announceContainer(this.#needs.announce, record, `health_status: ${health.status}`);
      void this.#record(health);
    }
    if (health.status === "unhealthy") this.#needs.unhealthy(this.#id);
  }

  async #record(health: Health): Promise<void> {
    const { store, log } = this.#needs;
    try {
      await store.locks.run(this.#id, () => {
        const current = !this.#stopping.signal.aborted && store.find(this.#id);
        if (current) store.transition(this.#id, { kind: "health", health });
      });
    } catch (error) {
      log.warn("cannot record a container's health", { container: this.#id, error: messageOf(error) });
    }
  }

  async #ask(record: ContainerRecord): Promise<{ exitCode: number; output: string }> {
    const late = AbortSignal.timeout(this.#plan.timeout);
    const { question } = this.#plan;
    if (question.kind === "command") return await this.#run(record, question, late);
    const signal = AbortSignal.any([late, this.#stopping.signal]);
    const { exitCode, output } = await probeNetwork(question.target, record.state.pid, signal);
    return late.aborted ? this.#late("") : { exitCode, output: limited(output) };
  }

  async #run(
    record: ContainerRecord,
    { words, shell }: Extract<HealthQuestion, { kind: "command" }>,
    late: AbortSignal,
  ): Promise<{ exitCode: number; output: string }> {
    const shellWords = record.config.Shell ?? ["/bin/sh", "-c"];
    const exec = this.#needs.execs.create(record.id, {
      Cmd: shell ? [...shellWords, ...words] : [...words],
      AttachStdout: true,
      AttachStderr: true,
    });
    const stream = await this.#needs.execs.start(exec.id, { detach: false });
    if (!stream) return { exitCode: -1, output: "" };
    const { process } = exec;
    const giveUp = (): void => {
      process?.signal(9).catch(() => {});
      stream.destroy();
    };
    late.addEventListener("abort", giveUp, { once: true });
    if (late.aborted) giveUp();
    try {
      const output = await collect(stream);
      if (late.aborted) return this.#late(output);
      await process?.exited;
      return { exitCode: exec.exitCode ?? -1, output };
    } finally {
      late.removeEventListener("abort", giveUp);
    }
  }

  #late(output: string): { exitCode: number; output: string } {
    const words = `Health check exceeded timeout (${spanText(this.#plan.timeout)})`;
    return { exitCode: -1, output: output === "" ? words : `${words}: ${output}` };
  }
}

/** A span as Go prints it: `500ms`, `1.5s`, `1m0s`. */
function spanText(milliseconds: number): string {
  if (milliseconds < 1000) return `${milliseconds}ms`;
  const seconds = milliseconds / 1000;
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}

/** What a process writes, as text, up to the limit; the rest is read and dropped so that it can go on. */
async function collect(stream: AttachStream): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  const ended = Promise.withResolvers<void>();
  stream.on("data", (chunk: Buffer) => {
    if (size < streamLimit) chunks.push(chunk);
    size += chunk.length;
  });
  stream.on("error", () => ended.resolve());
  stream.on("close", () => ended.resolve());
  stream.on("end", () => {
    stream.destroy();
    ended.resolve();
  });
  await ended.promise;
  return limited(textOf(Buffer.concat(chunks)));
}

function textOf(frames: Buffer): string {
  const parts: Buffer[] = [];
  for (let at = 0; at + frameHeader <= frames.length; ) {
    const length = frames.readUInt32BE(at + 4);
    parts.push(frames.subarray(at + frameHeader, at + frameHeader + length));
    at += frameHeader + length;
  }
  return Buffer.concat(parts).toString("utf8");
}

function limited(text: string): string {
  const bytes = Buffer.from(text);
  return bytes.length <= outputLimit ? text : `${bytes.subarray(0, outputLimit).toString("utf8")}...`;
}
