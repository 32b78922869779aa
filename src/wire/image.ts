import type { ContainerConfig } from "./container.ts";

export interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
}

/** A manifest of an image, when it is asked for with `manifests`. */
export interface ImageManifest {
  ID: string;
  Descriptor: Descriptor;
  /** Config and layers are here. */
  Available: boolean;
  Size: { Total: number; Content: number };
  Kind: "image";
  ImageData: {
    Platform: { architecture: string; os: string; variant?: string };
    /** IDs. */
    Containers: string[];
    Size: { Unpacked: number };
  };
}

export interface ImageSummary {
  Id: string;
  ParentId: string;
  RepoTags: string[];
  RepoDigests: string[];
  Descriptor?: Descriptor;
  Manifests?: ImageManifest[];
  /** Unix seconds. */
  Created: number;
  Size: number;
  SharedSize: number;
  Labels: Record<string, string> | null;
  Containers: number;
}

export interface ImageInspect {
  Id: string;
  RepoTags: string[];
  RepoDigests: string[];
  Descriptor?: Descriptor;
  Manifests?: ImageManifest[];
  Parent: string;
  DockerVersion: string;
  Comment: string;
  Created: string;
  Author: string;
  Config: ContainerConfig;
  Architecture: string;
  Os: string;
  Variant?: string;
  Size: number;
  GraphDriver: { Name: string; Data: Record<string, string> | null };
  RootFS: { Type: "layers"; Layers: string[] };
  Metadata: { LastTagTime: string };
}

export interface ImageHistoryItem {
  Id: string;
  /** Unix seconds. */
  Created: number;
  CreatedBy: string;
  Tags: string[] | null;
  Size: number;
  Comment: string;
}

export type ImageDeleteItem = { Untagged: string } | { Deleted: string };

/** One line of a progress stream (pull, build, load, import). An error arrives in band. */
export interface ProgressMessage {
  stream?: string;
  status?: string;
  id?: string;
  progress?: string;
  progressDetail?: { current?: number; total?: number };
  aux?: unknown;
  error?: string;
  errorDetail?: { code?: number; message: string };
}
