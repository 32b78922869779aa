import { EngineError } from "../../base/index.ts";
import type { ContainerService, PathStat, TarHead } from "../../container/index.ts";
import type { ImageRunConfig } from "../../oci/index.ts";
import { type Call, empty, json, type Reply, readOptionalJson } from "../call.ts";
import { containerConfig } from "../container-decoder.ts";
import { boolean, string } from "../query.ts";
import { type Route, route } from "../routes.ts";

export interface ArchiveRoutesNeeds {
  readonly containers: Pick<
    ContainerService,
    "readArchive" | "statPath" | "writeArchive" | "exportRoot" | "commit"
  >;
  /** A config after Dockerfile lines such as `CMD ["sh"]`; throws `invalid`. */
  applyChanges(config: ImageRunConfig, lines: readonly string[]): ImageRunConfig;
}

/** The files of containers as archives and images. */
export function archiveRoutes(needs: ArchiveRoutesNeeds): Route[] {
  const { containers } = needs;
  return [
    route("GET", "/containers/{id}/archive", async (call) => {
      const { stat, archive } = await containers.readArchive(idOf(call), pathOf(call), call.signal);
      return { kind: "stream", contentType: "application/x-tar", headers: statHeader(stat), chunks: archive };
    }),
    route("HEAD", "/containers/{id}/archive", async (call) => {
      const stat = await containers.statPath(idOf(call), pathOf(call), call.signal);
      return { kind: "empty", status: 200, headers: statHeader(stat) };
    }),
    route("PUT", "/containers/{id}/archive", async (call) => {
      await containers.writeArchive(idOf(call), call.body, {
        path: pathOf(call),
        keepKinds: boolean(call.query, "noOverwriteDirNonDir"),
        asUser: boolean(call.query, "copyUIDGID"),
        signal: call.signal,
      });
      return empty(200);
    }),
    route("GET", "/containers/{id}/export", async (call) => ({
      kind: "stream",
      contentType: "application/x-tar",
      chunks: await containers.exportRoot(idOf(call), call.signal),
    })),
    route("POST", "/commit", (call) => commit(needs, call)),
  ];
}

function idOf(call: Call): string {
  return call.params.id ?? "";
}

function pathOf(call: Call): string {
  const path = string(call.query, "path");
  if (path === "") {
    throw new EngineError("invalid", "bad parameter: path cannot be empty", { subject: "path" });
  }
  return path;
}

/** Bits of Go's os.FileMode that tell kinds of files. */
const kindBits: Readonly<Record<TarHead["type"], number>> = {
  file: 0,
  directory: 2 ** 31,
  symlink: 2 ** 27,
  block: 2 ** 26,
  character: 2 ** 26 + 2 ** 21,
  fifo: 2 ** 25,
  other: 2 ** 19,
};

function goMode(head: TarHead): number {
  const special =
    (head.mode & 0o4000 ? 2 ** 23 : 0) +
    (head.mode & 0o2000 ? 2 ** 22 : 0) +
    (head.mode & 0o1000 ? 2 ** 20 : 0);
  return kindBits[head.type] + special + (head.mode & 0o777);
}

function statHeader(stat: PathStat): Record<string, string> {
  const shape = {
    name: stat.name,
    size: stat.head.size,
    mode: goMode(stat.head),
    mtime: new Date(stat.head.mtime * 1000).toISOString(),
    linkTarget: stat.head.linkTarget,
  };
  return { "X-Docker-Container-Path-Stat": Buffer.from(JSON.stringify(shape)).toString("base64") };
}

async function commit(needs: ArchiveRoutesNeeds, call: Call): Promise<Reply> {
  const { query } = call;
  const given = await readOptionalJson(call, containerConfig);
  const repo = string(query, "repo");
  const tag = string(query, "tag");
  const image = await needs.containers.commit(string(query, "container"), {
    reference: repo && tag ? `${repo}:${tag}` : repo,
    comment: string(query, "comment"),
    author: string(query, "author"),
    pause: boolean(query, "pause", true),
    config: (from) => needs.applyChanges(mergeConfig(from, given), query.getAll("changes")),
  });
  return json({ Id: image.id }, 201);
}

/** What the client says of the new image goes before what the container's config says; maps are joined, as in Docker. */
function mergeConfig(from: ImageRunConfig, config: ReturnType<typeof containerConfig>): ImageRunConfig {
  const { Cmd, Entrypoint, Env, Labels, User, WorkingDir, ExposedPorts, Volumes } = config;
  const { Healthcheck, StopSignal, OnBuild, Shell } = config;
  return {
    ...from,
    ...(Cmd?.length ? { Cmd } : {}),
    ...(Entrypoint?.length ? { Entrypoint } : {}),
    ...(Env?.length ? { Env: mergeEnv(from.Env ?? [], Env) } : {}),
    ...(Labels ? { Labels: { ...from.Labels, ...Labels } } : {}),
    ...(User ? { User } : {}),
    ...(WorkingDir ? { WorkingDir } : {}),
    ...(ExposedPorts ? { ExposedPorts: { ...from.ExposedPorts, ...ExposedPorts } } : {}),
    ...(Volumes ? { Volumes: { ...from.Volumes, ...Volumes } } : {}),
    ...(Healthcheck?.Test?.length ? { Healthcheck: { ...Healthcheck, Test: Healthcheck.Test } } : {}),
    ...(StopSignal ? { StopSignal } : {}),
    ...(OnBuild?.length ? { OnBuild } : {}),
    ...(Shell?.length ? { Shell } : {}),
  };
}

function mergeEnv(from: readonly string[], given: readonly string[]): string[] {
  const nameOf = (text: string): string => text.split("=", 1)[0] ?? "";
  const names = new Set(given.map(nameOf));
  return [...given, ...from.filter((text) => !names.has(nameOf(text)))];
}
