import type { Volume, VolumeCreateRequest, VolumeListResponse, VolumesPruneResponse } from "../wire/index.ts";
import { type Cancel, filtersOf, type ListFilters } from "./options.ts";
import { segment } from "./request.ts";
import type { Transport } from "./transport.ts";

/** Named volumes of one engine. */
export interface VolumesClient {
  list(options?: Cancel & { readonly filters?: ListFilters | undefined }): Promise<VolumeListResponse>;
  inspect(name: string, options?: Cancel): Promise<Volume>;
  /** Creates it, or returns the one that has this name. */
  create(request?: VolumeCreateRequest, options?: Cancel): Promise<Volume>;
  remove(name: string, options?: Cancel & { readonly force?: boolean | undefined }): Promise<void>;
  prune(options?: Cancel & { readonly filters?: ListFilters | undefined }): Promise<VolumesPruneResponse>;
}

export function volumesClient(transport: Transport): VolumesClient {
  return {
    list: ({ filters, signal } = {}) =>
      transport.json({ method: "GET", path: "/volumes", query: { filters: filtersOf(filters) }, signal }),
    inspect: (name, { signal } = {}) =>
      transport.json({ method: "GET", path: `/volumes/${segment(name)}`, signal }),
    create: (json = {}, { signal } = {}) =>
      transport.json({ method: "POST", path: "/volumes/create", json, signal }),
    remove: (name, { force, signal } = {}) =>
      transport.done({ method: "DELETE", path: `/volumes/${segment(name)}`, query: { force }, signal }),
    prune: ({ filters, signal } = {}) =>
      transport.json({
        method: "POST",
        path: "/volumes/prune",
        query: { filters: filtersOf(filters) },
        signal,
      }),
  };
}
