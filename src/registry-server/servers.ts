import { type Digest, EngineError, type Logger, messageOf } from "../base/index.ts";
import { type AnswerNeeds, answer } from "./answer.ts";
import { authorize } from "./authorize.ts";
import { checkServeOptions } from "./check-options.ts";
import { faultResponse, RegistryFault } from "./fault.ts";
import { PushedIndexes } from "./pushed-indexes.ts";
import type { Access, RegistryServerNeeds, ServedRegistry, ServeOptions } from "./types.ts";
import { Uploads } from "./uploads.ts";
import { takeStored } from "./write.ts";

interface Open {
  readonly served: ServedRegistry;
  close(): Promise<void>;
}

/** Seconds of silence after which a connection is given up. */
const silence = 120;

/** The registries that an engine serves; they end with it. */
export class RegistryServers {
  readonly #needs: RegistryServerNeeds;
  readonly #indexes: PushedIndexes;
  readonly #log: Logger;
  readonly #open = new Map<string, Open>();

  constructor(needs: RegistryServerNeeds, log: Logger) {
    this.#needs = needs;
    this.#log = log;
    this.#indexes = new PushedIndexes(needs.records, (name) => needs.images.find(name)?.id);
  }

  /**
   * Begins to serve. Throws `invalid` or `denied` for options that may not be, `conflict` for an address that is
   * taken. `report` is told of each request that was answered.
   */
  open(options: ServeOptions, report: (access: Access) => void = () => {}): ServedRegistry {
    checkServeOptions(options);
    const uploads = new Uploads(this.#needs.content);
    const { writable } = options;
    const server = this.#listen(
      options,
      { ...this.#needs, indexes: this.#indexes, uploads, writable },
      report,
    );
    const host = options.address.includes(":") ? `[${options.address}]` : options.address;
    const address = `${host}:${server.port}`;
    const served: ServedRegistry = {
      address,
      writable,
      secure: options.tls !== undefined,
      authenticated: options.login !== undefined,
      since: new Date(),
    };
    const close = async (): Promise<void> => {
      this.#open.delete(address);
      await server.stop(true);
      await uploads.close();
    };
    this.#open.set(address, { served, close });
    this.#log.info("serving images as a registry", { address, writable });
    return served;
  }

  list(): readonly ServedRegistry[] {
    return [...this.#open.values()].map(({ served }) => served);
  }

  /** Stops serving at this address. Throws `not-found`. */
  async close(address: string): Promise<void> {
    const open = this.#open.get(address);
    if (!open) {
      throw new EngineError("not-found", `No registry is served on ${address}`, { subject: address });
    }
    await open.close();
    this.#log.info("no longer serving images as a registry", { address });
  }

  async closeAll(): Promise<void> {
    await Promise.all([...this.#open.values()].map((open) => open.close()));
  }

  /** The index that was pushed under this full name and still stands for this image, by its digest. */
  findIndex(fullName: string, image: Digest): Digest | undefined {
    return this.#indexes.find(fullName, image)?.digest;
  }

  /** Makes a manifest or index whose parts are stored the image of a full name, as if it had been pushed. */
  async take(
    fullName: string,
    manifest: { readonly bytes: Uint8Array; readonly mediaType: string },
    signal: AbortSignal = new AbortController().signal,
  ): Promise<void> {
    await takeStored({ ...this.#needs, indexes: this.#indexes }, fullName, { ...manifest, signal });
  }

  /** What a collection must leave for the indexes that were pushed here. */
  roots(): ReturnType<PushedIndexes["roots"]> {
    return this.#indexes.roots();
  }

  #listen(options: ServeOptions, needs: AnswerNeeds, report: (access: Access) => void) {
    const { address, port, tls, login } = options;
    try {
      return Bun.serve({
        hostname: address,
        port,
        ...(tls ? { tls: { cert: tls.certificate, key: tls.key } } : {}),
        idleTimeout: silence,
        maxRequestBodySize: Number.MAX_SAFE_INTEGER,
        fetch: async (request, server) => {
          // Unpacking a large image takes a while in which nothing moves.
          if (request.method === "PUT") server.timeout(request, 0);
          const response = await this.#respond(needs, login, request);
          const from = server.requestIP(request)?.address ?? "";
          const { pathname } = new URL(request.url);
          report({ method: request.method, path: pathname, status: response.status, from });
          return response;
        },
      });
    } catch (error) {
      throw listenError(options, error);
    }
  }

  async #respond(needs: AnswerNeeds, login: ServeOptions["login"], request: Request): Promise<Response> {
    const response = await authorizedAnswer(needs, login, request).catch((error: unknown) => {
      const known = error instanceof RegistryFault || error instanceof EngineError;
      if (!known) this.#log.error("a request to a registry failed", { error: messageOf(error) });
      return faultResponse(error);
    });
    response.headers.set("Docker-Distribution-Api-Version", "registry/2.0");
    return response;
  }
}

async function authorizedAnswer(
  needs: AnswerNeeds,
  login: ServeOptions["login"],
  request: Request,
): Promise<Response> {
  authorize(login, request.headers);
  return await answer(needs, request);
}

function listenError({ address, port }: ServeOptions, cause: unknown): EngineError {
  const text = messageOf(cause);
  const taken = /EADDRINUSE|in use/i.test(text);
  return new EngineError(
    taken ? "conflict" : "invalid",
    `Cannot serve images on ${address}:${port}: ${taken ? "the address is already in use" : text}`,
    { subject: `${address}:${port}`, cause },
  );
}
