import type { ContainerConfig, ContainerSummary, Resources } from "./container.ts";
import type { ImageDeleteItem, ImageSummary } from "./image.ts";
import type { EndpointSettings, Volume } from "./network.ts";

/** `GET /containers/{id}/top`. */
export interface TopResponse {
  Titles: string[];
  Processes: string[][];
}

/** `POST /containers/{id}/update`. */
export interface ContainerUpdateRequest extends Resources {
  RestartPolicy?: { Name?: string; MaximumRetryCount?: number } | null;
}

/** Header `X-Docker-Container-Path-Stat` of the archive endpoints; `mode` is Go's FileMode. */
export interface PathStat {
  name: string;
  size: number;
  mode: number;
  mtime: string;
  linkTarget: string;
}

/** Body of `POST /commit`. */
export type CommitRequest = ContainerConfig;

/** Body of `POST /networks/{id}/connect`. */
export interface NetworkConnectRequest {
  Container: string;
  EndpointConfig?: EndpointSettings | null;
}

export interface ContainersPruneResponse {
  ContainersDeleted: string[] | null;
  SpaceReclaimed: number;
}

export interface ImagesPruneResponse {
  ImagesDeleted: ImageDeleteItem[] | null;
  SpaceReclaimed: number;
}

export interface NetworksPruneResponse {
  NetworksDeleted: string[] | null;
}

export interface VolumesPruneResponse {
  VolumesDeleted: string[] | null;
  SpaceReclaimed: number;
}

export interface BuildPruneResponse {
  CachesDeleted: string[] | null;
  SpaceReclaimed: number;
}

/** `GET /system/df`, the shape up to 1.51. */
export interface DiskUsageResponse {
  LayersSize: number;
  /** Gantry's own: bytes of images and build cache, packed and unpacked, and how many they may be. */
  DiskBudget?: { Limit: number; Used: number } | undefined;
  Images: ImageSummary[] | null;
  Containers: ContainerSummary[] | null;
  Volumes: (Volume & { UsageData?: { Size: number; RefCount: number } | null })[] | null;
  BuildCache:
    | {
        ID: string;
        Type: string;
        InUse: boolean;
        Shared: boolean;
        Size: number;
        CreatedAt?: string;
        LastUsedAt?: string | null;
        UsageCount?: number;
      }[]
    | null;
}

/** `GET /containers/{id}/stats`, the fields that clients read. */
export interface StatsResponse {
  name: string;
  id: string;
  read: string;
  preread: string;
  cpu_stats: CpuStats;
  precpu_stats: CpuStats;
  memory_stats: { usage?: number; limit?: number; stats?: Record<string, number> };
  networks?: Record<string, { rx_bytes: number; tx_bytes: number }>;
  blkio_stats?: { io_service_bytes_recursive?: { op: string; value: number }[] | null };
  pids_stats?: { current?: number; limit?: number };
}

export interface CpuStats {
  cpu_usage: { total_usage: number; percpu_usage?: number[] | null };
  system_cpu_usage?: number;
  online_cpus?: number;
}
