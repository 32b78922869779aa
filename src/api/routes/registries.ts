import type { RegistryServers, ServedRegistry, ServeOptions } from "../../registry-server/index.ts";
import type { RegistryAccess, RegistryServed, RegistryServeRequest } from "../../wire/index.ts";
import { type Call, empty, json, type Reply, readOptionalJson } from "../call.ts";
import { type Decoder, flag, partial, text, whole } from "../decode.ts";
import { boolean } from "../query.ts";
import { type Route, route } from "../routes.ts";

const serveBody: Decoder<RegistryServeRequest> = partial<RegistryServeRequest>({
  Address: text,
  Port: whole,
  Writable: flag,
  Certificate: text,
  Key: text,
  User: text,
  Password: text,
  AllowInsecure: flag,
});

/** The engine as a registry: serve, list, stop. */
export function registryRoutes(servers: RegistryServers): Route[] {
  return [
    route("GET", "/gantry/registries", () => json(servers.list().map(shape))),
    route("POST", "/gantry/registries", (call) => serve(servers, call)),
    route("DELETE", "/gantry/registries/{address}", async (call) => {
      await servers.close(call.params.address ?? "");
      return empty();
    }),
  ];
}

/**
 * Serves until the client leaves, telling it of each request as a line of JSON; with `detach`, until it is stopped or
 * the engine ends.
 */
async function serve(servers: RegistryServers, call: Call): Promise<Reply> {
  const options = optionsOf(await readOptionalJson(call, serveBody));
  if (boolean(call.query, "detach")) return json(shape(servers.open(options)), 201);
  const lines = new Lines(call.signal);
  const served = servers.open(options, ({ method, path, status, from }) => {
    const access: RegistryAccess = { Method: method, Path: path, Status: status, From: from };
    lines.push(access);
  });
  lines.push(shape(served));
  const chunks = lines.until(() => servers.close(served.address).catch(() => undefined));
  return { kind: "stream", contentType: "application/json", chunks };
}

/** Lines that wait for a client to take them; what it does not take in time is left out. */
class Lines {
  readonly #signal: AbortSignal;
  readonly #waiting: object[] = [];
  #wake = (): void => {};

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener("abort", () => this.#wake());
  }

  push(line: object): void {
    if (this.#waiting.length < 1024) this.#waiting.push(line);
    this.#wake();
  }

  async *until(left: () => Promise<unknown>): AsyncGenerator<string> {
    try {
      while (!this.#signal.aborted) {
        const lines = this.#waiting.splice(0).map((line) => `${JSON.stringify(line)}\n`);
        if (lines.length > 0) yield lines.join("");
        else {
          const { promise, resolve } = Promise.withResolvers<void>();
          this.#wake = resolve;
          await promise;
        }
      }
    } finally {
      await left();
    }
  }
}

function optionsOf(body: RegistryServeRequest): ServeOptions {
  const { Certificate, Key, User, Password } = body;
  return {
    address: body.Address || "127.0.0.1",
    port: body.Port ?? 5000,
    writable: body.Writable ?? false,
    allowInsecure: body.AllowInsecure ?? false,
    ...(Certificate || Key ? { tls: { certificate: Certificate ?? "", key: Key ?? "" } } : {}),
    ...(User || Password ? { login: { user: User ?? "", password: Password ?? "" } } : {}),
  };
}

function shape(served: ServedRegistry): RegistryServed {
  return {
    Address: served.address,
    Writable: served.writable,
    Secure: served.secure,
    Authenticated: served.authenticated,
    Since: served.since.toISOString(),
  };
}
