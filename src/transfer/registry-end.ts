import type { Repository } from "../registry/index.ts";
import type { Sink, Source } from "./types.ts";

/** A repository of a registry, and the tag or digest of the image in it. */
export interface RegistryEnd {
  readonly repository: Repository;
  readonly reference: string;
  readonly signal?: AbortSignal | undefined;
  readonly close?: () => Promise<void>;
}

export function registrySource({ repository, reference, signal, close }: RegistryEnd): Source {
  const cancel = signal ? { signal } : {};
  return {
    top: () => repository.manifest(reference, cancel),
    manifest: ({ digest }) => repository.manifest(digest, cancel),
    blob: (descriptor, offset) => repository.blob(descriptor, { ...cancel, offset }),
    place: placeOf(repository),
    [Symbol.asyncDispose]: async () => await close?.(),
  };
}

export function registrySink({ repository, reference, signal, close }: RegistryEnd): Sink {
  const cancel = signal ? { signal } : {};
  return {
    takesIndex: true,
    async blob(descriptor, open, { from, report }) {
      const mountFrom = from && from.host === placeOf(repository).host ? [from.repository] : [];
      const { kind } = await repository.pushBlob(descriptor, open, { ...cancel, mountFrom, report });
      if (kind === "exists") return "there";
      return kind === "mounted" ? "mounted" : "copied";
    },
    async manifest({ descriptor, bytes }) {
      const { mediaType, digest } = descriptor;
      await repository.pushManifest(digest, { mediaType, bytes }, cancel);
    },
    async finish({ descriptor, bytes }) {
      await repository.pushManifest(reference, { mediaType: descriptor.mediaType, bytes }, cancel);
    },
    [Symbol.asyncDispose]: async () => await close?.(),
  };
}

function placeOf({ name }: Repository): { host: string; repository: string } {
  const slash = name.indexOf("/");
  return { host: name.slice(0, slash), repository: name.slice(slash + 1) };
}
