import { isKind } from "../base/index.ts";
import type {
  ContainerCreateRequest,
  ContainerCreateResponse,
  ContainerInspect,
  ContainerSummary,
  ContainersPruneResponse,
  ContainerUpdateRequest,
} from "../wire/index.ts";
import { type Cancel, filtersOf, type ListFilters } from "./options.ts";
import { type EngineRequest, type Query, segment } from "./request.ts";
import type { Transport } from "./transport.ts";

export interface ContainerListOptions extends Cancel {
  readonly all?: boolean | undefined;
  readonly limit?: number | undefined;
  readonly size?: boolean | undefined;
  readonly filters?: ListFilters | undefined;
}

export interface StopOptions extends Cancel {
  /** Seconds until SIGKILL; -1 waits for ever. */
  readonly timeout?: number | undefined;
  readonly stopSignal?: string | undefined;
}

export interface RemoveContainerOptions extends Cancel {
  readonly force?: boolean | undefined;
  readonly volumes?: boolean | undefined;
  readonly link?: boolean | undefined;
}

export interface CreateContainerOptions extends Cancel {
  readonly name?: string | undefined;
  readonly platform?: string | undefined;
}

/** Records and states of containers. `id` is an ID, a unique start of one, or a name. */
export interface ContainerLife {
  list(options?: ContainerListOptions): Promise<ContainerSummary[]>;
  create(request: ContainerCreateRequest, options?: CreateContainerOptions): Promise<ContainerCreateResponse>;
  inspect(id: string, options?: Cancel & { readonly size?: boolean | undefined }): Promise<ContainerInspect>;
  /** True when it was started now, false when it ran already. */
  start(id: string, options?: Cancel & { readonly detachKeys?: string | undefined }): Promise<boolean>;
  /** True when it was stopped now, false when it did not run. */
  stop(id: string, options?: StopOptions): Promise<boolean>;
  restart(id: string, options?: StopOptions): Promise<void>;
  kill(id: string, options?: Cancel & { readonly killSignal?: string | undefined }): Promise<void>;
  pause(id: string, options?: Cancel): Promise<void>;
  unpause(id: string, options?: Cancel): Promise<void>;
  rename(id: string, name: string, options?: Cancel): Promise<void>;
  remove(id: string, options?: RemoveContainerOptions): Promise<void>;
  update(
    id: string,
    request: ContainerUpdateRequest,
    options?: Cancel,
  ): Promise<{ Warnings: string[] | null }>;
  prune(options?: Cancel & { readonly filters?: ListFilters | undefined }): Promise<ContainersPruneResponse>;
}

export function containerLife(transport: Transport): ContainerLife {
  const act = (id: string, verb: string, options: Cancel = {}, query: Query = {}): EngineRequest => ({
    method: "POST",
    path: `/containers/${segment(id)}/${verb}`,
    query,
    signal: options.signal,
  });
  const stopQuery = (options: StopOptions): Query => ({ t: options.timeout, signal: options.stopSignal });
  return {
    list: ({ all, limit, size, filters, signal } = {}) =>
      transport.json({
        method: "GET",
        path: "/containers/json",
        query: { all, limit, size, filters: filtersOf(filters) },
        signal,
      }),
    create: (json, { name, platform, signal } = {}) =>
      transport.json({ method: "POST", path: "/containers/create", query: { name, platform }, json, signal }),
    inspect: (id, { size, signal } = {}) =>
      transport.json({ method: "GET", path: `/containers/${segment(id)}/json`, query: { size }, signal }),
    start: (id, options = {}) =>
      changed(transport.done(act(id, "start", options, { detachKeys: options.detachKeys }))),
    stop: (id, options = {}) => changed(transport.done(act(id, "stop", options, stopQuery(options)))),
    restart: (id, options = {}) => transport.done(act(id, "restart", options, stopQuery(options))),
    kill: (id, options = {}) => transport.done(act(id, "kill", options, { signal: options.killSignal })),
    pause: (id, options) => transport.done(act(id, "pause", options)),
    unpause: (id, options) => transport.done(act(id, "unpause", options)),
    rename: (id, name, options) => transport.done(act(id, "rename", options, { name })),
    remove: (id, { force, volumes, link, signal } = {}) =>
      transport.done({
        method: "DELETE",
        path: `/containers/${segment(id)}`,
        query: { force, v: volumes, link },
        signal,
      }),
    update: (id, json, options) => transport.json({ ...act(id, "update", options), json }),
    prune: ({ filters, signal } = {}) =>
      transport.json({
        method: "POST",
        path: "/containers/prune",
        query: { filters: filtersOf(filters) },
        signal,
      }),
  };
}

/** False for an answer that says that nothing had to change. */
async function changed(work: Promise<void>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    if (isKind(error, "not-modified")) return false;
    throw error;
  }
}
