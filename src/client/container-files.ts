import type { FilesystemChange, PathStat } from "../wire/index.ts";
import type { Cancel } from "./options.ts";
import { segment } from "./request.ts";
import type { Reply, Transport } from "./transport.ts";

export interface CopyInOptions extends Cancel {
  readonly noOverwriteDirNonDir?: boolean | undefined;
  readonly copyUIDGID?: boolean | undefined;
}

/** A file or directory of a container, on its way out as a tar. */
export interface CopiedOut {
  readonly stat: PathStat;
  readonly tar: AsyncGenerator<Uint8Array, void>;
}

/** What lies in containers. */
export interface ContainerFiles {
  changes(id: string, options?: Cancel): Promise<FilesystemChange[]>;
  /** The whole file system as a tar. */
  exportTar(id: string, options?: Cancel): Promise<AsyncGenerator<Uint8Array, void>>;
  stat(id: string, path: string, options?: Cancel): Promise<PathStat>;
  copyOut(id: string, path: string, options?: Cancel): Promise<CopiedOut>;
  /** Unpacks a tar into a directory of the container. */
  copyIn(id: string, path: string, tar: AsyncIterable<Uint8Array>, options?: CopyInOptions): Promise<void>;
}

export function containerFiles(transport: Transport): ContainerFiles {
  const archive = (id: string) => `/containers/${segment(id)}/archive`;
  return {
    changes: async (id, options = {}) => {
      const path = `/containers/${segment(id)}/changes`;
      const found = await transport.json<FilesystemChange[] | null>({
        method: "GET",
        path,
        signal: options.signal,
      });
      return found ?? [];
    },
    exportTar: async (id, options = {}) => {
      const path = `/containers/${segment(id)}/export`;
      return (await transport.send({ method: "GET", path, signal: options.signal })).body;
    },
    stat: async (id, path, options = {}) => {
      const request = { method: "HEAD", path: archive(id), query: { path }, signal: options.signal } as const;
      const reply = await transport.send(request);
      for await (const _ of reply.body);
      return pathStat(reply);
    },
    copyOut: async (id, path, options = {}) => {
      const request = { method: "GET", path: archive(id), query: { path }, signal: options.signal } as const;
      const reply = await transport.send(request);
      return { stat: pathStat(reply), tar: reply.body };
    },
    copyIn: (id, path, body, { noOverwriteDirNonDir, copyUIDGID, signal } = {}) =>
      transport.done({
        method: "PUT",
        path: archive(id),
        query: { path, noOverwriteDirNonDir, copyUIDGID },
        headers: { "Content-Type": "application/x-tar" },
        body,
        signal,
      }),
  };
}

function pathStat(reply: Reply): PathStat {
  const header = reply.headers.get("x-docker-container-path-stat");
  if (header === undefined) throw new Error("the engine did not say what the path is");
  return JSON.parse(Buffer.from(header, "base64").toString("utf8")) as PathStat;
}
