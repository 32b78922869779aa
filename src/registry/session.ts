import { refusalError } from "./failure.ts";
import { parseRefusal, readErrorBody } from "./refusal.ts";
import type { Site } from "./site.ts";
import type { Answer, Outgoing, Payload, Transport } from "./transport.ts";

/** One request to a site, in terms of the distribution API. */
export interface Ask {
  readonly method: string;
  /** Below the site (`v2/library/redis/tags/list`), or a whole URL that the site has given. */
  readonly path: string | URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly payload?: Payload;
  readonly scopes: readonly string[];
  /** Statuses beside 2xx that are no failure. */
  readonly accept?: readonly number[];
  readonly asked: Outgoing["asked"];
  readonly signal?: AbortSignal | undefined;
}

/** Asks a site, with what it wants to see; throws what it refuses as a `RegistryError`. */
export async function ask(send: Transport, site: Site, request: Ask): Promise<Answer> {
  let sent: string | undefined;
  for (let tried = 0; ; tried++) {
    sent = await headerFor(site, request);
    const answer = await send({
      method: request.method,
      url: urlOf(site, request.path),
      headers: request.headers ?? {},
      authorization: sent,
      payload: request.payload,
      asked: request.asked,
      signal: request.signal,
    });
    const { status, ok } = answer.response;
    if (ok) return answer;
    // Only the site itself may ask for its credentials, not whom it sends us to.
    const asks = status === 401 && answer.url.origin === site.base.origin;
    const again = asks && tried < 2 && (await site.authority.learn(answer, sent));
    if (!again && request.accept?.includes(status)) return answer;
    if (!again)
      throw refusalError(parseRefusal(answer.response, await readErrorBody(answer.body())), answer.asked);
    await answer.discard();
  }
}

/** Authorization belongs to the site: another origin that it sends us to has its own way in. */
async function headerFor(site: Site, request: Ask): Promise<string | undefined> {
  const url = urlOf(site, request.path);
  return url.origin === site.base.origin ? site.authority.header({ ...request, url }) : undefined;
}

function urlOf(site: Site, path: string | URL): URL {
  const url = new URL(path, site.base);
  if (site.mirrorOf !== undefined && site.mirrorOf !== "docker.io") url.searchParams.set("ns", site.mirrorOf);
  return url;
}
