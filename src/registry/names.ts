import { type Digest, EngineError, isDigest } from "../base/index.ts";
import { familiarRepository, parseReference, type Reference } from "../oci/index.ts";
import type { Outgoing } from "./transport.ts";

/** A repository's name, taken apart once. */
export interface RepositoryName {
  readonly full: string;
  readonly domain: string;
  readonly path: string;
  readonly asked: Outgoing["asked"];
}

/** Throws `invalid` for what is no repository's name, or has a tag or digest. */
export function parseRepositoryName(name: string): RepositoryName {
  const reference: Reference = parseReference(name);
  if (reference.tag !== undefined || reference.digest !== undefined) {
    throw new EngineError("invalid", `Cannot use "${name}" as a repository: it has a tag or a digest`, {
      subject: name,
    });
  }
  const { domain, path } = reference;
  return { full: name, domain, path, asked: { repository: familiarRepository(reference) } };
}

/** What was asked for, with the tag or digest: `redis:7`, `redis@sha256:…`. */
export function askedManifest(name: RepositoryName, tagOrDigest: string): Outgoing["asked"] {
  const separator = isDigest(tagOrDigest) ? "@" : ":";
  return { ...name.asked, reference: `${name.asked.repository}${separator}${tagOrDigest}` };
}

export function isTag(text: string): boolean {
  return /^\w[\w.-]{0,127}$/.test(text);
}

/** Throws `invalid` for what can be neither; nothing else ever gets into a path. */
export function checkTagOrDigest(text: string): { readonly digest?: Digest } {
  if (isDigest(text)) return { digest: text };
  if (isTag(text)) return {};
  throw new EngineError("invalid", `invalid tag format: "${text}"`, { subject: text });
}
