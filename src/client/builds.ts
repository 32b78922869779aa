import type { BuildPruneResponse } from "../wire/index.ts";
import { type Progress, progress } from "./images.ts";
import type { Logins } from "./logins.ts";
import { type Cancel, filtersOf, type ListFilters } from "./options.ts";
import type { Query } from "./request.ts";
import type { Transport } from "./transport.ts";

export interface BuildOptions extends Cancel {
  /** Path in the context; default `Dockerfile`. */
  readonly dockerfile?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  /** null: the engine's side decides. */
  readonly buildArgs?: Readonly<Record<string, string | null>> | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly target?: string | undefined;
  readonly noCache?: boolean | undefined;
  readonly pull?: boolean | undefined;
  readonly quiet?: boolean | undefined;
  readonly networkMode?: string | undefined;
  readonly extraHosts?: readonly string[] | undefined;
  readonly cacheFrom?: readonly string[] | undefined;
  readonly shmSize?: number | undefined;
  readonly platform?: string | undefined;
  /** Limits and the like, as the query of Docker's build call has them. */
  readonly more?: Query | undefined;
  /** Base64url JSON map of registry to credentials, as Docker's `X-Registry-Config`. */
  readonly registryConfig?: string | undefined;
}

export interface BuildsClient {
  /** Builds an image from a context tar; the image ID comes as `aux: { ID }`. */
  build(context: AsyncIterable<Uint8Array>, options?: BuildOptions): Progress;
  prune(
    options?: Cancel & {
      readonly all?: boolean | undefined;
      readonly filters?: ListFilters | undefined;
      /** Bytes to be left. */
      readonly keepStorage?: number | undefined;
    },
  ): Promise<BuildPruneResponse>;
}

export function buildsClient(transport: Transport, logins?: Logins): BuildsClient {
  return {
    async *build(context, options = {}) {
      const config = options.registryConfig ?? (await logins?.forBuild());
      yield* progress(transport, {
        method: "POST",
        path: "/build",
        query: {
          dockerfile: options.dockerfile,
          t: options.tags,
          buildargs: jsonOf(options.buildArgs),
          labels: jsonOf(options.labels),
          target: options.target,
          nocache: options.noCache,
          pull: options.pull,
          q: options.quiet,
          rm: true,
          networkmode: options.networkMode,
          extrahosts: options.extraHosts,
          cachefrom: options.cacheFrom?.length ? JSON.stringify(options.cacheFrom) : undefined,
          shmsize: options.shmSize,
          platform: options.platform,
          ...options.more,
        },
        headers: {
          "Content-Type": "application/x-tar",
          ...(config === undefined ? {} : { "X-Registry-Config": config }),
        },
        body: context,
        signal: options.signal,
      });
    },
    prune: ({ all, filters, keepStorage, signal } = {}) =>
      transport.json({
        method: "POST",
        path: "/build/prune",
        query: { all, filters: filtersOf(filters), "keep-storage": keepStorage },
        signal,
      }),
  };
}

function jsonOf(map: Readonly<Record<string, string | null>> | undefined): string | undefined {
  return map && Object.keys(map).length > 0 ? JSON.stringify(map) : undefined;
}
