/** Shapes of the endpoints below `/gantry/`, which Docker's API does not have. */

/** What `POST /gantry/registries` takes. */
export interface RegistryServeRequest {
  Address?: string;
  /** 0 takes a free one. */
  Port?: number;
  Writable?: boolean;
  /** PEM texts. */
  Certificate?: string;
  Key?: string;
  User?: string;
  Password?: string;
  AllowInsecure?: boolean;
}

/** A registry that the engine serves. */
export interface RegistryServed {
  Address: string;
  Writable: boolean;
  Secure: boolean;
  Authenticated: boolean;
  /** RFC 3339. */
  Since: string;
}

/** A request that such a registry has answered. */
export interface RegistryAccess {
  Method: string;
  Path: string;
  Status: number;
  From: string;
}

/** One layer of `GET /gantry/images/{name}/layers`. */
export interface ImageLayer {
  Digest: string;
  DiffID: string;
  ChainID: string;
  /** The step that made it; empty when the image does not tell. */
  Command: string;
  /** RFC 3339, or empty. */
  Created: string;
  /** Unpacked bytes. */
  Size: number;
  CompressedSize: number;
  /** Files; directories do not count. */
  Added: number;
  Changed: number;
  Deleted: number;
  /** Of the changed ones, those whose content stayed. */
  MetadataOnly: number;
  /** Files of this layer that a later one hides, and their bytes. */
  WastedFiles: number;
  Wasted: number;
}

/** What `GET /gantry/images/{name}/layers` answers. Layers are listed from the lowest one. */
export interface ImageLayersResponse {
  Id: string;
  Names: string[];
  Size: number;
  CompressedSize: number;
  Wasted: number;
  /** Of the unpacked bytes, those that can be seen in the end, in percent. */
  Efficiency: number;
  Layers: ImageLayer[];
  /** The paths that waste most. */
  Wasters: { Path: string; Bytes: number; Copies: number }[];
}

/** A file as it is on one side of a change. */
export interface FileState {
  Type: "file" | "directory" | "link" | "device" | "pipe" | "socket";
  Size: number;
  Mode: number;
  Uid: number;
  Gid: number;
  /** Of a link. */
  Target?: string;
}

/** A line of `GET /gantry/images/{name}/files` and `…/diff`. */
export interface ImageFileChange {
  Change: "A" | "C" | "D";
  Path: string;
  /** Number of the layer that brings the change, from 1. */
  Layer: number;
  Before?: FileState;
  After?: FileState;
}

/** The first line of `GET /gantry/images/{name}/diff`; changes follow. */
export interface ImageDiffHead {
  Older: string;
  Newer: string;
  SharedLayers: number;
}

/** What `POST /gantry/images/copy` takes. */
export interface ImageCopyRequest {
  /** Where the image is, and where it goes: `docker://…`, `oci:/…`, `docker-archive:/…`, `engine:…`, `engine+unix://…`. */
  Source?: string;
  Target?: string;
  /** Every platform of an index. */
  All?: boolean;
  /** The platform of an index that is wanted; that of the engine's machine when left out. */
  Platform?: string;
  /** As `X-Registry-Auth` has it. */
  SourceAuth?: string;
  TargetAuth?: string;
}

/** What a copy came to: `aux` of the last message of its progress. */
export interface ImageCopyResult {
  Digest: string;
  Size: number;
  /** Blobs that moved, that the target had, that a registry took over from another of its repositories. */
  Copied: number;
  There: number;
  Mounted: number;
  /** Bytes that moved. */
  Bytes: number;
}
