import type { AttachStream, Task } from "../runtime/index.ts";

/** A client that attached before the container was started. */
export interface PendingAttach {
  readonly stdin: boolean;
  resolve(stream: AttachStream | undefined): void;
}

/** What is live of one container; nothing of it survives the engine, everything is found again by recovery. */
export class Live {
  /** The process tree, while there is one. */
  task: Task | undefined;
  /** The task whose init is being started, for as long as that takes. */
  starting: Task | undefined;
  /** Clients to be connected before init runs. */
  readonly waitingClients = new Set<PendingAttach>();
  /** The health checker, while it runs. */
  health: HealthView | undefined;
  /** Milliseconds of the last restart delay; 0: none yet. */
  restartDelay = 0;
  /** A restart is under way: an end is not the end, `--rm` waits. Taken back when a user overrules the engine's. */
  restartRequested = false;
  /** The engine is dealing with its being unhealthy. */
  reacting = false;
  #restart: ReturnType<typeof setTimeout> | undefined;

  /** Plans a restart; a new plan replaces the old one. */
  scheduleRestart(delay: number, work: () => void): void {
    this.cancelRestart();
    this.restartDelay = delay;
    this.#restart = setTimeout(() => {
      this.#restart = undefined;
      work();
    }, delay);
  }

  /** Drops a planned restart; true when there was one. */
  cancelRestart(): boolean {
    const planned = this.#restart !== undefined;
    clearTimeout(this.#restart);
    this.#restart = undefined;
    return planned;
  }

  /** Lets clients go that wait for a start which will not come. */
  dismissClients(): void {
    for (const client of this.waitingClients) client.resolve(undefined);
    this.waitingClients.clear();
  }
}

export interface ProbeResult {
  readonly start: string;
  readonly end: string;
  readonly exitCode: number;
  readonly output: string;
}

/** What inspect shows of a health check; dispose stops the checker. */
export interface HealthView extends Disposable {
  readonly status: "starting" | "healthy" | "unhealthy";
  readonly failingStreak: number;
  readonly log: readonly ProbeResult[];
}
