import { Limiter, messageOf } from "../base/index.ts";
import type { AttachStream } from "../runtime/index.ts";
import type { HealthConfig } from "../wire/index.ts";
import type { Collaborators } from "./collaborators.ts";
import type { Execs } from "./exec.ts";
import { announceContainer } from "./facts.ts";
import type { HealthView, ProbeResult } from "./live.ts";
import type { ContainerRecord } from "./types.ts";

const second = 1e9;
const outputLimit = 4096;
const keptResults = 5;

/** A container's health check, Docker's defaults filled in; times in milliseconds. Undefined: there is none. */
export function healthPlan(config: HealthConfig | null | undefined):
  | {
      readonly command: readonly string[];
      readonly shell: boolean;
      readonly interval: number;
      readonly timeout: number;
      readonly retries: number;
      readonly startPeriod: number;
      readonly startInterval: number;
    }
  | undefined {
  const [kind, ...rest] = config?.Test ?? [];
  if (kind !== "CMD" && kind !== "CMD-SHELL") return undefined;
  const span = (value: number | undefined, byDefault: number) => (value || byDefault) / 1e6;
  return {
    command: rest,
    shell: kind === "CMD-SHELL",
    interval: span(config?.Interval, 30 * second),
    timeout: span(config?.Timeout, 30 * second),
    retries: config?.Retries || 3,
    startPeriod: span(config?.StartPeriod, 0),
    startInterval: span(config?.StartInterval, 5 * second),
  };
}

export interface Health {
  readonly status: "starting" | "healthy" | "unhealthy";
  readonly failingStreak: number;
}

/** The health after one probe. Failures within the start period do not count until a probe succeeded. Pure. */
export function nextHealth(
  health: Health,
  probe: { exitCode: number; inStartPeriod: boolean },
  retries: number,
): Health {
  if (probe.exitCode === 0) return { status: "healthy", failingStreak: 0 };
  if (probe.inStartPeriod && health.status === "starting") return health;
  const failingStreak = health.failingStreak + 1;
  return { status: failingStreak >= retries ? "unhealthy" : health.status, failingStreak };
}

type Needs = Pick<Collaborators, "store" | "announce" | "log"> & { readonly execs: Execs };

/** Starts checking a container that runs; undefined when it has no check. Disposing stops. */
export function watchHealth(needs: Needs, record: ContainerRecord): HealthView | undefined {
  const plan = healthPlan(record.config.Healthcheck);
  return plan ? new HealthChecker(needs, record, plan) : undefined;
}

class HealthChecker implements HealthView {
  readonly #needs: Needs;
  readonly #record: ContainerRecord;
  readonly #plan: NonNullable<ReturnType<typeof healthPlan>>;
  readonly #startedAt = Date.now();
  readonly #one = new Limiter(1);
  #health: Health = { status: "starting", failingStreak: 0 };
  #log: ProbeResult[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;

  constructor(needs: Needs, record: ContainerRecord, plan: NonNullable<ReturnType<typeof healthPlan>>) {
    this.#needs = needs;
    this.#record = record;
    this.#plan = plan;
    if (this.#plan.command.length > 0) this.#schedule();
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
    this.#stopped = true;
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
    if (this.#needs.store.find(this.#record.id)?.state.phase === "paused") {
      this.#schedule();
      return;
    }
    const start = new Date();
    const result = await this.#probe().catch((error: unknown) => ({
      exitCode: -1,
      output: messageOf(error),
    }));
    if (this.#stopped) return;
    const before = this.#health.status;
    const probe = { exitCode: result.exitCode, inStartPeriod: this.#inStartPeriod() };
    this.#health = nextHealth(this.#health, probe, this.#plan.retries);
    const entry = { start: start.toISOString(), end: new Date().toISOString(), ...result };
    this.#log = [...this.#log, entry].slice(-keptResults);
    if (this.#health.status !== before) {
      announceContainer(this.#needs.announce, this.#record, `health_status: ${this.#health.status}`);
    }
    this.#schedule();
  }

  async #probe(): Promise<{ exitCode: number; output: string }> {
    const { shell, command, timeout } = this.#plan;
    const shellWords = this.#record.config.Shell ?? ["/bin/sh", "-c"];
    const exec = this.#needs.execs.create(this.#record.id, {
      Cmd: shell ? [...shellWords, ...command] : [...command],
      AttachStdout: true,
      AttachStderr: true,
    });
    const stream = await this.#needs.execs.start(exec.id, { detach: false });
    if (!stream) return { exitCode: -1, output: "" };
    const { process } = exec;
    const late = setTimeout(() => {
      process?.signal(9).catch(() => {});
      stream.destroy();
    }, timeout);
    const began = Date.now();
    try {
      const output = await collect(stream);
      if (Date.now() - began >= timeout) {
        return { exitCode: -1, output: `Health check exceeded timeout (${timeout / 1000}s)` };
      }
      await process?.exited;
      return { exitCode: exec.exitCode ?? -1, output };
    } finally {
      clearTimeout(late);
    }
  }
}

/** The payload of Docker frames as text, up to the limit. */
async function collect(stream: AttachStream): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  const ended = Promise.withResolvers<void>();
  stream.on("data", (chunk: Buffer) => {
    if (size < outputLimit * 2) chunks.push(chunk);
    size += chunk.length;
  });
  stream.on("error", () => ended.resolve());
  stream.on("close", () => ended.resolve());
  stream.on("end", () => {
    stream.destroy();
    ended.resolve();
  });
  await ended.promise;
  return textOf(Buffer.concat(chunks));
}

function textOf(frames: Buffer): string {
  const parts: Buffer[] = [];
  for (let at = 0; at + 8 <= frames.length; ) {
    const length = frames.readUInt32BE(at + 4);
    parts.push(frames.subarray(at + 8, at + 8 + length));
    at += 8 + length;
  }
  return Buffer.concat(parts).subarray(0, outputLimit).toString("utf8");
}
