export type { BuildOptions, BuildsClient } from "./builds.ts";
export {
  apiVersion,
  type Client,
  type ClientOptions,
  type ContainersClient,
  createClient,
} from "./client.ts";
export { type Connection, type Dial, isNobodyThere } from "./connection.ts";
export type { ContainerFiles, CopiedOut, CopyInOptions } from "./container-files.ts";
export type {
  ContainerLife,
  ContainerListOptions,
  CreateContainerOptions,
  RemoveContainerOptions,
  StopOptions,
} from "./container-life.ts";
export type {
  AttachOptions,
  ContainerStreams,
  LogOptions,
  StatsOptions,
  WaitOptions,
} from "./container-streams.ts";
export { packContext } from "./context.ts";
export type { ContextOptions, PackedContext } from "./context-options.ts";
export type { DistributionClient, ManifestOptions, SearchOptions } from "./distribution.ts";
export { ApiError } from "./errors.ts";
export type { ExecStartOptions, ExecsClient } from "./execs.ts";
export { formatHost, type Host, parseHost } from "./host.ts";
export type {
  ImageListOptions,
  ImagesClient,
  ImportOptions,
  Progress,
  PullOptions,
  RemoveImageOptions,
} from "./images.ts";
export { Inbox } from "./inbox.ts";
export type { Logins } from "./logins.ts";
export type { NetworksClient } from "./networks.ts";
export type { Cancel, ListFilters, TerminalSize } from "./options.ts";
export { failOnError, ProgressError } from "./progress.ts";
export type { RawStream } from "./raw-stream.ts";
export type { CommitOptions, EventOptions, PingResponse, SystemClient } from "./system.ts";
export { encodeTarHeader, type TarEntry, tarEnd, tarPadding } from "./tar-entry.ts";
export type { VolumesClient } from "./volumes.ts";
