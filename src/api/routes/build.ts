import { EngineError } from "../../base/index.ts";
import type { BuildEvent, Builder, BuildRequest } from "../../build/index.ts";
import type { Announce } from "../../container/index.ts";
import type { ImageService } from "../../image/index.ts";
import { type ProgressMessage, parseFilters } from "../../wire/index.ts";
import { type Call, json, type Reply } from "../call.ts";
import { type Decoder, list, map, nullable, text } from "../decode.ts";
import { checkKeys, parseUntil } from "../filter.ts";
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
    route("POST", "/build/prune", (call) => prune(needs, call)),
  ];
}

const pruneBounds = ["keep-storage", "reserved-space", "max-used-space", "min-free-space"];

async function prune(needs: BuildRoutesNeeds, call: Call): Promise<Reply> {
  const { query } = call;
  const bound = pruneBounds.find((key) => integer(query, key));
  if (bound !== undefined) {
    throw new EngineError(
      "not-implemented",
      `${bound} is not supported by this engine: bound its disk with gantry daemon --disk-budget`,
      { subject: bound },
    );
  }
  const filters = parseFilters(query.get("filters") ?? undefined);
  checkKeys(filters, ["until", "label", "label!"]);
  // Cached steps have no labels.
  if (filters.get("label")?.length) return json({ CachesDeleted: null, SpaceReclaimed: 0 });
  const before = filters.get("until")?.map(parseUntil)[0];
  const { caches, bytes } = await needs.builder.prune({ all: boolean(query, "all"), before });
  const freed = await needs.collect();
  needs.announce({ type: "builder", action: "prune", id: "", attributes: { reclaimed: String(bytes) } });
  return json({
    CachesDeleted: caches.length > 0 ? caches : null,
    SpaceReclaimed: Math.max(bytes, freed.bytes),
  });
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
  checkUnserved(query);
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

const refusals: Readonly<Record<string, string>> = {
  squash: "squash is only supported with experimental mode",
  securityopt: "The daemon on this platform does not support setting security options on build",
};

/** What Docker's builder has and this one does not; clients send some of it empty. */
const unserved = [
  ...[
    "squash",
    "securityopt",
    "isolation",
    "outputs",
    "memory",
    "memswap",
    "cpushares",
    "cpuquota",
    "cpuperiod",
  ],
  ...["cpusetcpus", "cpusetmems", "cgroupparent", "ulimits"],
];

function checkUnserved(query: URLSearchParams): void {
  const asked = (key: string): boolean =>
    !["", "0", "false", "null", "[]", "default"].includes(string(query, key));
  const found = unserved.find(asked);
  if (found === undefined) return;
  const message = refusals[found] ?? `${found} is not supported by this engine's builder`;
  throw new EngineError("invalid", message, { subject: found });
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
