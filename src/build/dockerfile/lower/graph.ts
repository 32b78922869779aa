import type { Digest } from "../../../base/index.ts";
import type { ImageRunConfig, Platform } from "../../../oci/index.ts";
import type { Place } from "../error.ts";

/** Index of a vertex in `Plan.vertices`; inputs always have smaller ones. */
export type VertexID = number;

/** The tree of an image that is already here. */
export interface ImageVertex {
  readonly kind: "image";
  readonly reference: string;
  readonly imageID: Digest;
}

/** The empty tree. */
export interface ScratchVertex {
  readonly kind: "scratch";
}

/** Where files of a COPY or of a bind mount come from. */
export type TreeSource =
  | { readonly kind: "context" }
  | { readonly kind: "vertex"; readonly vertex: VertexID };

export type VertexMount =
  | {
      readonly kind: "bind";
      readonly target: string;
      readonly tree: TreeSource;
      readonly path: string;
      readonly readonly: boolean;
    }
  | {
      readonly kind: "cache";
      readonly target: string;
      readonly id: string;
      readonly sharing: "shared" | "private" | "locked";
      readonly readonly: boolean;
      readonly mode: number;
      readonly uid: number;
      readonly gid: number;
    }
  | { readonly kind: "tmpfs"; readonly target: string; readonly size?: number };

/** Runs a command on a tree. */
export interface RunVertex {
  readonly kind: "run";
  readonly input: VertexID;
  readonly args: readonly string[];
  /** Build arguments and ENV; part of the cache key. */
  readonly env: readonly string[];
  readonly cwd: string;
  /** As USER says; empty for root. */
  readonly user: string;
  readonly network: "default" | "none" | "host";
  readonly mounts: readonly VertexMount[];
  /** A file that is shown to the command under /dev/pipes. */
  readonly script?: { readonly name: string; readonly content: string };
  readonly place: Place;
}

/** Copies files into a tree. */
export interface CopyVertex {
  readonly kind: "copy";
  readonly instruction: "COPY" | "ADD";
  readonly input: VertexID;
  readonly tree: TreeSource;
  readonly sources: readonly string[];
  readonly inline: readonly { readonly name: string; readonly content: string }[];
  /** Absolute; ends with `/` when the Dockerfile names a directory. */
  readonly destination: string;
  /** `user[:group]`, resolved in the input tree; undefined: 0:0 for the context, the owner itself for a tree. */
  readonly chown?: string;
  readonly chmod?: string;
  readonly exclude: readonly string[];
  /** Local tar archives are extracted (ADD). */
  readonly unpack: boolean;
  readonly place: Place;
}

/** Makes sure that a directory is there. */
export interface DirectoryVertex {
  readonly kind: "directory";
  readonly input: VertexID;
  readonly path: string;
}

export type Vertex = ImageVertex | ScratchVertex | RunVertex | CopyVertex | DirectoryVertex;

/** One instruction as users count them. */
export interface Step {
  /** From 1; undefined for a trigger that the base image brings along. */
  readonly number: number | undefined;
  readonly text: string;
  /** The tree after this step. */
  readonly vertex: VertexID;
  /** True when this step made that tree; false when it changed only the image's config. */
  readonly changesTree: boolean;
  /** The step whose image this one builds on; undefined at the start of an image. */
  readonly previous: number | undefined;
  /** What the image's history says of it; undefined for FROM. */
  readonly createdBy: string | undefined;
  readonly config: ImageRunConfig;
  readonly author: string | undefined;
  /** The image that the stage starts from, for the first step of an image. */
  readonly base: Digest | undefined;
}

/** What a build has to do: trees to make, and the image to put around the last one. */
export interface Plan {
  readonly vertices: readonly Vertex[];
  /** In the order in which they are reported: stage by stage, only those that the target needs. */
  readonly steps: readonly Step[];
  readonly stepCount: number;
  readonly platform: Platform;
  readonly warnings: readonly string[];
}
