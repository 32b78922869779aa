import { messageOf } from "../../../base/index.ts";
import type { Client, LogOptions } from "../../../client/index.ts";
import { listContainers, logLines, type ObservedContainer, projectFilter } from "../../../compose/index.ts";
import type { EventMessage } from "../../../wire/index.ts";
import { type LogPrinter, shortName } from "./log-printer.ts";

export interface AttachedOptions {
  readonly client: Client;
  readonly project: string;
  readonly printer: LogPrinter;
  /** Services whose containers are waited for. */
  readonly services: ReadonlySet<string>;
  /** Services whose output is shown. */
  readonly shown: ReadonlySet<string>;
  /** Where the output of a container that was there before begins. */
  readonly begin: (container: ObservedContainer) => LogOptions;
  readonly signal: AbortSignal;
  /** Told of each container that ended. */
  readonly ended: (container: ObservedContainer, exitCode: number) => void;
}

/** Begins to watch a project's containers: what happens from now on is not missed. */
export async function watchProject(
  client: Client,
  project: string,
  signal: AbortSignal,
): Promise<AsyncGenerator<EventMessage, void>> {
  return client.system.openEvents({ filters: { type: ["container"], ...projectFilter(project) }, signal });
}

/**
 * Shows the output of a project's containers, also of those that start later, until none of them runs any more or the
 * signal says stop. `events` come from `watchProject`, opened before the containers started.
 */
export async function showAttached(
  events: AsyncIterable<EventMessage>,
  options: AttachedOptions,
): Promise<void> {
  const session = new Session(options);
  const containers = await listContainers(options.client, options.project, options.signal);
  for (const container of containers) {
    if (!container.oneoff && options.services.has(container.service))
      session.follow(container, options.begin(container));
  }
  await Promise.race([session.finished, watchEvents(events, session)]);
  await session.finished;
}

async function watchEvents(events: AsyncIterable<EventMessage>, session: Session): Promise<void> {
  for await (const { Action, Actor } of events) {
    if (Action === "start") await session.started(Actor.ID);
    else if (Action === "destroy") session.gone(Actor.ID);
  }
}

/** The containers that are shown now. */
class Session {
  readonly #options: AttachedOptions;
  readonly #following = new Set<string>();
  readonly #nextStarts = new Map<string, PromiseWithResolvers<void>>();
  readonly #finished = Promise.withResolvers<void>();

  constructor(options: AttachedOptions) {
    this.#options = options;
  }

  /** Settles when no container is left. */
  get finished(): Promise<void> {
    if (this.#following.size === 0) this.#finished.resolve();
    return this.#finished.promise;
  }

  /** Shows what `container` writes until it has stopped for good. */
  follow(container: ObservedContainer, from: LogOptions): void {
    if (this.#following.has(container.id)) return;
    this.#following.add(container.id);
    this.#options.printer.widen(this.#nameOf(container));
    void this.#showRuns(container, from).finally(() => {
      this.#following.delete(container.id);
      if (this.#following.size === 0) this.#finished.resolve();
    });
  }

  async started(id: string): Promise<void> {
    this.gone(id);
    if (this.#following.has(id)) return;
    const { client, project, signal, services } = this.#options;
    const container = (await listContainers(client, project, signal)).find((one) => one.id === id);
    if (container && !container.oneoff && services.has(container.service)) this.follow(container, {});
  }

  /** Nobody needs to wait for the next start of this container any longer. */
  gone(id: string): void {
    this.#nextStarts.get(id)?.resolve();
    this.#nextStarts.delete(id);
  }

  async #showRuns(container: ObservedContainer, from: LogOptions): Promise<void> {
    const { client, printer, signal } = this.#options;
    try {
      let options: LogOptions | undefined = from;
      while (options !== undefined) {
        await this.#showOutput(container, options);
        const { StatusCode } = await client.containers.wait(container.id, { signal });
        options = await this.#afterEnd(container, StatusCode);
      }
    } catch (error) {
      if (!signal.aborted)
        await printer.line(this.#nameOf(container), `cannot be followed: ${messageOf(error)}`);
    }
  }

  async #showOutput(container: ObservedContainer, options: LogOptions): Promise<void> {
    const { client, printer, shown, signal } = this.#options;
    if (!shown.has(container.service)) return;
    for await (const { text } of logLines(client, container.id, { ...options, follow: true, signal })) {
      await printer.line(this.#nameOf(container), text);
    }
  }

  /** Where the output of its next run begins; undefined when there will be none. */
  async #afterEnd(container: ObservedContainer, exitCode: number): Promise<LogOptions | undefined> {
    const { client, printer, shown, signal, ended } = this.#options;
    if (shown.has(container.service)) {
      await printer.line(this.#nameOf(container), `exited with code ${exitCode}`);
    }
    ended(container, exitCode);
    const next = Promise.withResolvers<void>();
    this.#nextStarts.set(container.id, next);
    const state = await client.containers.inspect(container.id, { signal }).then(
      ({ State }) => State,
      () => undefined,
    );
    if (!state?.Restarting && !state?.Running) return undefined;
    if (state.Restarting) await next.promise;
    return signal.aborted ? undefined : { since: state.FinishedAt };
  }

  #nameOf(container: ObservedContainer): string {
    return shortName(this.#options.project, container.name);
  }
}
