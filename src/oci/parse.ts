import { type Digest, EngineError, isDigest } from "../base/index.ts";
import {
  anyObject,
  flag,
  list,
  type Node,
  optional,
  type Reader,
  readJSON,
  record,
  refuse,
  required,
  text,
  whole,
} from "./reader.ts";
import {
  type Descriptor,
  type Healthcheck,
  type HistoryEntry,
  type ImageConfig,
  type ImageRunConfig,
  type Index,
  type Manifest,
  mediaTypes,
  type Platform,
} from "./types.ts";

/** Parses a manifest (OCI or Docker schema 2); `at` names it in messages. Throws `invalid`. */
export function parseManifest(bytes: Uint8Array | string, at = "manifest"): Manifest {
  const parsed = parseManifestOrIndex(bytes, at);
  if (parsed.kind === "manifest") return parsed.manifest;
  throw new EngineError("invalid", `Cannot parse ${at}: it is an index, not a manifest`, { subject: at });
}

/** Parses an index (OCI, or Docker's manifest list). Throws `invalid`. */
export function parseIndex(bytes: Uint8Array | string, at = "index"): Index {
  const parsed = parseManifestOrIndex(bytes, at);
  if (parsed.kind === "index") return parsed.index;
  throw new EngineError("invalid", `Cannot parse ${at}: it is a manifest, not an index`, { subject: at });
}

/**
 * Parses what a reference may resolve to. What it is must be clear: a document with both layers and manifests is
 * refused, since two readers could see two images in it.
 */
export function parseManifestOrIndex(
  bytes: Uint8Array | string,
  at = "manifest",
):
  | { readonly kind: "manifest"; readonly manifest: Manifest }
  | { readonly kind: "index"; readonly index: Index } {
  return readJSON(bytes, at, (node) => {
    checkSchema(node);
    const shape = required({ value: { shape: node.value }, at }, "shape", anyObject);
    const isIndex = "manifests" in shape;
    if (isIndex && ("layers" in shape || "config" in shape)) refuse(node, "a manifest or an index, but both");
    return isIndex
      ? { kind: "index" as const, index: readIndex(node) }
      : { kind: "manifest" as const, manifest: readManifest(node) };
  });
}

/** Parses an image config. Docker's nulls count as absent, fields that Gantry does not know are left out. */
export function parseImageConfig(bytes: Uint8Array | string, at = "image config"): ImageConfig {
  return readJSON(bytes, at, (node) => ({
    ...optional(node, "created", text),
    ...optional(node, "author", text),
    architecture: required(node, "architecture", text),
    os: required(node, "os", text),
    ...optional(node, "variant", text),
    ...optional(node, "config", readRunConfig),
    rootfs: required(node, "rootfs", readRootfs),
    ...optional(node, "history", list(readHistory)),
  }));
}

/** Reads a descriptor that stands in a larger document. */
export function readDescriptor(node: Node): Descriptor {
  const size = required(node, "size", whole);
  if (size < 0) refuse(node, "a descriptor: its size is negative");
  return {
    mediaType: required(node, "mediaType", text),
    digest: required(node, "digest", readDigest),
    size,
    ...optional(node, "platform", readPlatform),
    ...optional(node, "annotations", record(text)),
  };
}

function checkSchema(node: Node): void {
  if (required(node, "schemaVersion", whole) === 2) return;
  throw new EngineError("not-implemented", `Cannot parse ${node.at}: only schema version 2 is supported`, {
    subject: node.at,
  });
}

function readManifest(node: Node): Manifest {
  return {
    schemaVersion: 2,
    mediaType: optional(node, "mediaType", text).mediaType ?? mediaTypes.ociManifest,
    config: required(node, "config", readDescriptor),
    layers: optional(node, "layers", list(readDescriptor)).layers ?? [],
    ...optional(node, "annotations", record(text)),
  };
}

function readIndex(node: Node): Index {
  return {
    schemaVersion: 2,
    mediaType: optional(node, "mediaType", text).mediaType ?? mediaTypes.ociIndex,
    manifests: optional(node, "manifests", list(readDescriptor)).manifests ?? [],
    ...optional(node, "annotations", record(text)),
  };
}

function readPlatform(node: Node): Platform {
  return {
    os: required(node, "os", text),
    architecture: required(node, "architecture", text),
    ...optional(node, "variant", text),
  };
}

function readRootfs(node: Node): ImageConfig["rootfs"] {
  if (required(node, "type", text) !== "layers") refuse(node, "of type layers");
  return { type: "layers", diff_ids: optional(node, "diff_ids", list(readDigest)).diff_ids ?? [] };
}

function readDigest(node: Node): Digest {
  const value = text(node);
  return isDigest(value) ? value : refuse(node, "a sha256 digest");
}

function readHistory(node: Node): HistoryEntry {
  return {
    ...optional(node, "created", text),
    ...optional(node, "created_by", text),
    ...optional(node, "author", text),
    ...optional(node, "comment", text),
    ...optional(node, "empty_layer", flag),
  };
}

const texts: Reader<readonly string[]> = list(text);

function readRunConfig(node: Node): ImageRunConfig {
  return {
    ...optional(node, "User", text),
    ...optional(node, "ExposedPorts", record(anyObject)),
    ...optional(node, "Env", texts),
    ...optional(node, "Entrypoint", texts),
    ...optional(node, "Cmd", texts),
    ...optional(node, "Volumes", record(anyObject)),
    ...optional(node, "WorkingDir", text),
    ...optional(node, "Labels", record(text)),
    ...optional(node, "StopSignal", text),
    ...optional(node, "Healthcheck", readHealthcheck),
    ...optional(node, "Shell", texts),
    ...optional(node, "OnBuild", texts),
  };
}

function readHealthcheck(node: Node): Healthcheck {
  return {
    ...optional(node, "Test", texts),
    ...optional(node, "Interval", whole),
    ...optional(node, "Timeout", whole),
    ...optional(node, "StartPeriod", whole),
    ...optional(node, "StartInterval", whole),
    ...optional(node, "Retries", whole),
  };
}
