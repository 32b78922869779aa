import type {
  ImageDeleteItem,
  ImageHistoryItem,
  ImageInspect,
  ImageSummary,
  ImagesPruneResponse,
  ProgressMessage,
} from "../wire/index.ts";
import { jsonLines } from "./json-lines.ts";
import type { Logins } from "./logins.ts";
import { type Cancel, filtersOf, type ListFilters } from "./options.ts";
import { type EngineRequest, segment } from "./request.ts";
import type { Transport } from "./transport.ts";

export interface ImageListOptions extends Cancel {
  readonly all?: boolean | undefined;
  readonly digests?: boolean | undefined;
  readonly sharedSize?: boolean | undefined;
  readonly filters?: ListFilters | undefined;
}

export interface PullOptions extends Cancel {
  /** Tag or digest; all tags when left out and the name has none. */
  readonly tag?: string | undefined;
  readonly platform?: string | undefined;
  /** Base64url JSON, as Docker's `X-Registry-Auth`; default what the client's logins have. */
  readonly auth?: string | undefined;
}

export interface ImportOptions extends Cancel {
  readonly repository?: string | undefined;
  readonly tag?: string | undefined;
  readonly message?: string | undefined;
  /** Dockerfile instructions such as `CMD ["sh"]`. */
  readonly changes?: readonly string[] | undefined;
  readonly platform?: string | undefined;
}

/** `os[/arch[/variant]]`; throws what the engine says where the image is not for it. */
export interface OfPlatform extends Cancel {
  readonly platform?: string | undefined;
}

export interface RemoveImageOptions extends Cancel {
  readonly platforms?: readonly string[] | undefined;
  readonly force?: boolean | undefined;
  readonly noPrune?: boolean | undefined;
}

type Tar = AsyncIterable<Uint8Array>;
/** What the engine tells while it works; an error comes in band, see `failOnError`. */
export type Progress = AsyncGenerator<ProgressMessage, void>;

/** Images of one engine. `name` is a reference or an ID. */
export interface ImagesClient {
  list(options?: ImageListOptions): Promise<ImageSummary[]>;
  inspect(name: string, options?: OfPlatform): Promise<ImageInspect>;
  history(name: string, options?: OfPlatform): Promise<ImageHistoryItem[]>;
  remove(name: string, options?: RemoveImageOptions): Promise<ImageDeleteItem[]>;
  tag(name: string, target: { readonly repository: string; readonly tag?: string } & Cancel): Promise<void>;
  pull(name: string, options?: PullOptions): Progress;
  push(name: string, options?: PullOptions): Progress;
  /** Makes an image of one layer from the tar of a file system. */
  importTar(tar: Tar, options?: ImportOptions): Progress;
  load(tar: Tar, options?: OfPlatform & { readonly quiet?: boolean | undefined }): Progress;
  save(names: readonly string[], options?: OfPlatform): Promise<AsyncGenerator<Uint8Array, void>>;
  prune(options?: Cancel & { readonly filters?: ListFilters | undefined }): Promise<ImagesPruneResponse>;
}

export function imagesClient(transport: Transport, logins?: Logins): ImagesClient {
  const of = (name: string, verb: string) => `/images/${segment(name)}/${verb}`;
  const tarHeaders = { "Content-Type": "application/x-tar" };
  return {
    list: ({ all, digests, sharedSize, filters, signal } = {}) =>
      transport.json({
        method: "GET",
        path: "/images/json",
        query: { all, digests, "shared-size": sharedSize, filters: filtersOf(filters) },
        signal,
      }),
    inspect: (name, { platform, signal } = {}) =>
      transport.json({ method: "GET", path: of(name, "json"), query: platformQuery(platform), signal }),
    history: (name, { platform, signal } = {}) =>
      transport.json({ method: "GET", path: of(name, "history"), query: platformQuery(platform), signal }),
    remove: (name, { force, noPrune, platforms, signal } = {}) =>
      transport.json({
        method: "DELETE",
        path: `/images/${segment(name)}`,
        query: { force, noprune: noPrune, platforms: platforms?.map(platformText) },
        signal,
      }),
    tag: (name, { repository, tag, signal }) =>
      transport.done({ method: "POST", path: of(name, "tag"), query: { repo: repository, tag }, signal }),
    async *pull(name, { tag, platform, auth, signal } = {}) {
      const shown = auth ?? (await logins?.forImage(name));
      yield* progress(transport, {
        method: "POST",
        path: "/images/create",
        query: { fromImage: name, tag, platform },
        headers: shown === undefined ? {} : { "X-Registry-Auth": shown },
        signal,
      });
    },
    async *push(name, { tag, platform, auth, signal } = {}) {
      const shown = auth ?? (await logins?.forImage(name)) ?? "";
      yield* progress(transport, {
        method: "POST",
        path: of(name, "push"),
        query: { tag, platform },
        headers: { "X-Registry-Auth": shown || "e30=" },
        signal,
      });
    },
    importTar: (body, { repository, tag, message, changes, platform, signal } = {}) =>
      progress(transport, {
        method: "POST",
        path: "/images/create",
        query: { fromSrc: "-", repo: repository, tag, message, changes, platform },
        headers: tarHeaders,
        body,
        signal,
      }),
    load: (body, { quiet, platform, signal } = {}) =>
      progress(transport, {
        method: "POST",
        path: "/images/load",
        query: { quiet, ...platformQuery(platform) },
        headers: tarHeaders,
        body,
        signal,
      }),
    save: async (names, { platform, signal } = {}) => {
      const query = { names, ...platformQuery(platform) };
      return (await transport.send({ method: "GET", path: "/images/get", query, signal })).body;
    },
    prune: ({ filters, signal } = {}) => {
      const query = { filters: filtersOf(filters) };
      return transport.json({ method: "POST", path: "/images/prune", query, signal });
    },
  };
}

function platformQuery(platform: string | undefined): { readonly platform?: string } {
  return platform === undefined ? {} : { platform: platformText(platform) };
}

/** As the API has it where images are not pulled: JSON, as long as it is whole. */
function platformText(text: string): string {
  const [os, architecture, variant, ...more] = text.split("/");
  if (!os || !architecture || more.length > 0) return text;
  return JSON.stringify({ architecture, os, ...(variant ? { variant } : {}) });
}

/** The messages of a request that answers with a progress stream. */
export async function* progress(transport: Transport, request: EngineRequest): Progress {
  const reply = await transport.send(request);
  yield* jsonLines<ProgressMessage>(reply.body);
}
