import { EngineError } from "../../base/index.ts";
import type { BuildEvent, Builder, BuildRequest } from "../../build/index.ts";
import type { Announce } from "../../container/index.ts";
import type { ImageService } from "../../image/index.ts";
import type { ProgressMessage } from "../../wire/index.ts";
import { type Call, json, type Reply } from "../call.ts";
import { type Decoder, list, map, nullable, text } from "../decode.ts";
import { progress } from "../progress.ts";
import { boolean, integer, string } from "../query.ts";
import { type Route, route } from "../routes.ts";
import { pullForBuild } from "./image-transfer.ts";

export interface BuildRoutesNeeds {
  readonly images: Pick<ImageService, "pull" | "push">;
  readonly builder: Builder;
  readonly announce: Announce;
  collect(): Promise<{ bytes: number }>;
}

/** The classic builder's door: a context comes in as tar, text goes out while it is built. */
export function buildRoutes(needs: BuildRoutesNeeds): Route[] {
  return [
    route("POST", "/build", (call) => build(needs, call)),
    route("POST", "/build/prune", async (call) => {
      const { caches, bytes } = await needs.builder.prune({ all: boolean(call.query, "all") });
      const freed = await needs.collect();
      needs.announce({ type: "builder", action: "prune", id: "", attributes: { reclaimed: String(bytes) } });
      return json({
        CachesDeleted: caches.length > 0 ? caches : null,
        SpaceReclaimed: Math.max(bytes, freed.bytes),
      });
    }),
  ];
}

function build(needs: BuildRoutesNeeds, call: Call): Reply {
  const request = buildRequest(call);
  return progress(async (report) => {
    const pullImage = pullForBuild(needs, call, request.quiet ? () => {} : report);
    const { imageID } = await needs.builder.build({ ...request, pullImage }, (event) =>
      report(message(event)),
    );
    for (const name of request.tags) {
      needs.announce({ type: "image", action: "tag", id: imageID, attributes: { name } });
    }
  });
}

function message(event: BuildEvent): ProgressMessage {
  return "stream" in event ? { stream: event.stream } : { aux: { ID: event.imageID } };
}

/** Reads the query of `POST /build`; throws `invalid` for what it cannot mean. */
function buildRequest(call: Call): BuildRequest {
  const { query } = call;
  if (string(query, "version") === "2") {
    throw new EngineError("not-implemented", "BuildKit builds are not served: set DOCKER_BUILDKIT=0", {
      subject: "version",
    });
  }
  if (string(query, "remote") !== "") {
    throw new EngineError("not-implemented", "building from a remote context is not supported", {
      subject: string(query, "remote"),
    });
  }
  const optional = {
    target: string(query, "target"),
    networkMode: string(query, "networkmode"),
    platform: string(query, "platform"),
  };
  const shmSize = integer(query, "shmsize");
  return {
    context: call.body,
    dockerfile: string(query, "dockerfile") || "Dockerfile",
    tags: query.getAll("t").filter((tag) => tag !== ""),
    buildArgs: parameter(query, "buildargs", map(nullable(text))),
    labels: parameter(query, "labels", map(text)),
    noCache: boolean(query, "nocache"),
    pull: boolean(query, "pull"),
    quiet: boolean(query, "q"),
    extraHosts: extraHosts(query),
    ...(shmSize ? { shmSize } : {}),
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== "")),
    signal: call.signal,
  };
}

/** A JSON list, or the key repeated, or both: clients differ. */
function extraHosts(query: URLSearchParams): string[] {
  return query.getAll("extrahosts").flatMap((value) => {
    if (!value.startsWith("[")) return value === "" ? [] : value.split(",");
    return decodeJson("extrahosts", value, list(text));
  });
}

function parameter<T>(query: URLSearchParams, key: string, decoder: Decoder<T>): T {
  const value = query.get(key);
  return value === null || value === "" ? decoder(undefined, key) : decodeJson(key, value, decoder);
}

function decodeJson<T>(key: string, value: string, decoder: Decoder<T>): T {
  let parsed: unknown;
  try {
    parsed = JSON.parse(value);
  } catch (error) {
    throw new EngineError("invalid", `error reading build parameter ${key}: it is not JSON`, {
      subject: key,
      cause: error,
    });
  }
  return decoder(parsed, key);
}
