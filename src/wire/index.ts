export type {
  BuildPruneResponse,
  CommitRequest,
  ContainersPruneResponse,
  ContainerUpdateRequest,
  CpuStats,
  DiskUsageResponse,
  ImagesPruneResponse,
  NetworkConnectRequest,
  NetworksPruneResponse,
  PathStat,
  StatsResponse,
  TopResponse,
  VolumesPruneResponse,
} from "./answers.ts";
export type {
  ContainerConfig,
  ContainerCreateRequest,
  ContainerCreateResponse,
  ContainerInspect,
  ContainerState,
  ContainerStatus,
  ContainerSummary,
  ExecCreateRequest,
  ExecInspect,
  FilesystemChange,
  HealthConfig,
  HostConfig,
  MountPoint,
  MountSpec,
  PortBinding,
  PortMap,
  PortSummary,
  Resources,
  WaitResponse,
} from "./container.ts";
export { type Filters, formatFilters, parseFilters } from "./filters.ts";
export type {
  FileState,
  ImageCopyRequest,
  ImageCopyResult,
  ImageDiffHead,
  ImageFileChange,
  ImageLayer,
  ImageLayersResponse,
  RegistryAccess,
  RegistryServed,
  RegistryServeRequest,
} from "./gantry.ts";
export type {
  ImageDeleteItem,
  ImageHistoryItem,
  ImageInspect,
  ImageSummary,
  ProgressMessage,
} from "./image.ts";
export type {
  EndpointSettings,
  IpamConfig,
  NetworkCreateRequest,
  NetworkInspect,
  Volume,
  VolumeCreateRequest,
  VolumeListResponse,
} from "./network.ts";
export {
  type AuthConfig,
  type AuthResponse,
  type DistributionInspect,
  decodeAuth,
  decodeAuths,
  encodeAuth,
  encodeAuths,
  type RegistrySearchResult,
  readAuth,
  splitPair,
} from "./registry.ts";
export { encodeFrame, type Frame, FrameDecoder, frameHeaderSize, streamNumber } from "./stdcopy.ts";
export type { ErrorResponse, EventActor, EventMessage, SystemInfo, VersionResponse } from "./system.ts";
