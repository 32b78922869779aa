import { EngineError, messageOf } from "../base/index.ts";

/** Where `docker import` takes its archive from: the request's body, or a URL. */
export interface ImportSource {
  readonly archive: AsyncIterable<Uint8Array>;
  /** What the image's history says of it. */
  readonly origin: string;
}

/** Opens the URL that `source` is, a bare host and path being one of http; throws `invalid` when it does not answer. */
export async function openImportURL(source: string, signal: AbortSignal): Promise<ImportSource> {
  const url = parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(source) ? source : `http://${source}`);
  const response = await fetch(url, { signal }).catch((error: unknown) => {
    throw new EngineError("invalid", `failed to GET ${url.href}: ${messageOf(error)}`, {
      subject: url.href,
      cause: error,
    });
  });
  if (!response.ok || !response.body) {
    const status = `${response.status} ${response.statusText}`.trim();
    await response.body?.cancel();
    throw new EngineError("invalid", `failed to GET ${url.href} with status ${status}`, {
      subject: url.href,
    });
  }
  return { archive: response.body, origin: url.href };
}

function parse(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "http:" || url?.protocol === "https:") return url;
  throw new EngineError("invalid", `Cannot import from ${text}: not an http or https URL`, { subject: text });
}
