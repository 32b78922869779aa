import type {
  CommitRequest,
  DiskUsageResponse,
  EventMessage,
  SystemInfo,
  VersionResponse,
} from "../wire/index.ts";
import { jsonLines } from "./json-lines.ts";
import { type Cancel, filtersOf, type ListFilters } from "./options.ts";
import type { Transport } from "./transport.ts";

export interface EventOptions extends Cancel {
  /** RFC 3339 or Unix seconds, with a fraction if need be. */
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly filters?: ListFilters | undefined;
}

export interface CommitOptions extends Cancel {
  readonly repository?: string | undefined;
  readonly tag?: string | undefined;
  readonly comment?: string | undefined;
  readonly author?: string | undefined;
  readonly pause?: boolean | undefined;
  readonly changes?: readonly string[] | undefined;
  readonly config?: CommitRequest | undefined;
}

export interface PingResponse {
  readonly apiVersion: string;
  readonly builderVersion: string;
  readonly osType: string;
}

/** The engine as a whole. */
export interface SystemClient {
  ping(options?: Cancel): Promise<PingResponse>;
  version(options?: Cancel): Promise<VersionResponse>;
  info(options?: Cancel): Promise<SystemInfo>;
  /** Facts as they happen; ends at `until`, else runs until the signal. */
  events(options?: EventOptions): AsyncGenerator<EventMessage, void>;
  /** Settles once the engine has begun to watch: what happens afterwards is not missed. */
  openEvents(options?: EventOptions): Promise<AsyncGenerator<EventMessage, void>>;
  diskUsage(options?: Cancel): Promise<DiskUsageResponse>;
  /** Makes an image from a container's file system. */
  commit(container: string, options?: CommitOptions): Promise<{ Id: string }>;
}

export function systemClient(transport: Transport): SystemClient {
  const openEvents: SystemClient["openEvents"] = async ({ since, until, filters, signal } = {}) => {
    const query = { since, until, filters: filtersOf(filters) };
    const reply = await transport.send({ method: "GET", path: "/events", query, signal });
    return jsonLines<EventMessage>(reply.body);
  };
  return {
    ping: async ({ signal } = {}) => {
      const { headers, body } = await transport.send({ method: "GET", path: "/_ping", signal });
      for await (const _ of body);
      return {
        apiVersion: headers.get("api-version") ?? "",
        builderVersion: headers.get("builder-version") ?? "",
        osType: headers.get("ostype") ?? "",
      };
    },
    version: ({ signal } = {}) => transport.json({ method: "GET", path: "/version", signal }),
    info: ({ signal } = {}) => transport.json({ method: "GET", path: "/info", signal }),
    openEvents,
    events: async function* (options) {
      yield* await openEvents(options);
    },
    diskUsage: ({ signal } = {}) => transport.json({ method: "GET", path: "/system/df", signal }),
    commit: (container, { repository, tag, comment, author, pause, changes, config = {}, signal } = {}) =>
      transport.json({
        method: "POST",
        path: "/commit",
        query: { container, repo: repository, tag, comment, author, pause, changes },
        json: config,
        signal,
      }),
  };
}
