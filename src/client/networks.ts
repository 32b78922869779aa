import type {
  NetworkConnectRequest,
  NetworkCreateRequest,
  NetworkInspect,
  NetworksPruneResponse,
} from "../wire/index.ts";
import { type Cancel, filtersOf, type ListFilters } from "./options.ts";
import { segment } from "./request.ts";
import type { Transport } from "./transport.ts";

/** Networks of one engine. `id` is an ID, a unique start of one, or a name. */
export interface NetworksClient {
  list(options?: Cancel & { readonly filters?: ListFilters | undefined }): Promise<NetworkInspect[]>;
  inspect(id: string, options?: Cancel): Promise<NetworkInspect>;
  create(request: NetworkCreateRequest, options?: Cancel): Promise<{ Id: string; Warning: string }>;
  remove(id: string, options?: Cancel): Promise<void>;
  connect(id: string, request: NetworkConnectRequest, options?: Cancel): Promise<void>;
  disconnect(
    id: string,
    container: string,
    options?: Cancel & { readonly force?: boolean | undefined },
  ): Promise<void>;
  prune(options?: Cancel & { readonly filters?: ListFilters | undefined }): Promise<NetworksPruneResponse>;
}

export function networksClient(transport: Transport): NetworksClient {
  const path = (id: string) => `/networks/${segment(id)}`;
  return {
    list: ({ filters, signal } = {}) =>
      transport.json({ method: "GET", path: "/networks", query: { filters: filtersOf(filters) }, signal }),
    inspect: (id, { signal } = {}) => transport.json({ method: "GET", path: path(id), signal }),
    create: (json, { signal } = {}) =>
      transport.json({ method: "POST", path: "/networks/create", json, signal }),
    remove: (id, { signal } = {}) => transport.done({ method: "DELETE", path: path(id), signal }),
    connect: (id, json, { signal } = {}) =>
      transport.done({ method: "POST", path: `${path(id)}/connect`, json, signal }),
    disconnect: (id, container, { force = false, signal } = {}) =>
      transport.done({
        method: "POST",
        path: `${path(id)}/disconnect`,
        json: { Container: container, Force: force },
        signal,
      }),
    prune: ({ filters, signal } = {}) =>
      transport.json({
        method: "POST",
        path: "/networks/prune",
        query: { filters: filtersOf(filters) },
        signal,
      }),
  };
}
