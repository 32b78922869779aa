import type { RegistryAccess, RegistryServed, RegistryServeRequest } from "../wire/index.ts";
import { jsonLines } from "./json-lines.ts";
import type { Cancel } from "./options.ts";
import { segment } from "./request.ts";
import type { Transport } from "./transport.ts";

/** An engine that serves its own images as a registry. Gantry's own: Docker's engine answers `not-found`. */
export interface RegistriesClient {
  /** Serves until it is stopped or the engine ends. */
  serve(request: RegistryServeRequest, options?: Cancel): Promise<RegistryServed>;
  /** Serves while the answer is read: `requests` are those that have been answered. */
  serveAttached(
    request: RegistryServeRequest,
    options?: Cancel,
  ): Promise<{ readonly served: RegistryServed; readonly requests: AsyncGenerator<RegistryAccess, void> }>;
  list(options?: Cancel): Promise<RegistryServed[]>;
  stop(address: string, options?: Cancel): Promise<void>;
}

export function registriesClient(transport: Transport): RegistriesClient {
  const path = "/gantry/registries";
  return {
    serve: (json, { signal } = {}) =>
      transport.json({ method: "POST", path, query: { detach: true }, json, signal }),
    serveAttached: async (json, { signal } = {}) => {
      const reply = await transport.send({ method: "POST", path, json, signal });
      const lines = jsonLines<RegistryServed & RegistryAccess>(reply.body);
      const first = await lines.next();
      if (first.done) throw new Error("the engine closed the connection");
      return { served: first.value, requests: lines };
    },
    list: ({ signal } = {}) => transport.json({ method: "GET", path, signal }),
    stop: (address, { signal } = {}) =>
      transport.done({ method: "DELETE", path: `${path}/${segment(address)}`, signal }),
  };
}
