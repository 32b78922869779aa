import { type Digest, EngineError, isDigest } from "../base/index.ts";

/** A name of an image with its domain spelled out: `docker.io/library/redis:7@sha256:…`. */
export interface Reference {
  /** Registry host with port: `docker.io`, `localhost:5000`, `[::1]:5000`. */
  readonly domain: string;
  /** Repository within the domain: `library/redis`. */
  readonly path: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

/** The parts of a reference as written, nothing added. Without domain there is no `domain`. */
export interface ReferenceParts {
  readonly domain?: string;
  readonly path: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

const defaultDomain = "docker.io";
const legacyDomain = "index.docker.io";
const officialPrefix = "library/";
const longestPath = 255;
/** No reference is longer; keeps the patterns below away from endless input. */
const longestText = 4096;

const component = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const domainComponent = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
const host = `(?:${domainComponent}(?:\\.${domainComponent})*|\\[[a-fA-F0-9:]+\\])`;
const tagPattern = "[\\w][\\w.-]{0,127}";
const digestPattern = "[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}";
const whole = new RegExp(
  `^(?:(${host}(?::[0-9]+)?)/)?(${component}(?:/${component})*)(?::(${tagPattern}))?(?:@(${digestPattern}))?$`,
);
const identifier = /^[0-9a-f]{64}$/;

/** Splits a reference by the grammar of the distribution project, as written; throws `invalid`. */
export function splitReference(text: string): ReferenceParts {
  const match = text.length <= longestText ? whole.exec(text) : null;
  if (!match) throw formatError(text);
  const [, domain, path = "", tag, digestText] = match;
  if (path.length > longestPath) {
    throw invalid(text, `repository name must not be more than ${longestPath} characters`);
  }
  const digest = digestText === undefined ? undefined : checkDigest(digestText);
  return {
    ...(domain === undefined ? {} : { domain }),
    path,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
  };
}

/**
 * Parses what people write (`redis`, `me/app:1`, `localhost:5000/x@sha256:…`) and spells it out. Nothing is
 * added for a missing tag: see `withDefaultTag`. Throws `invalid` in Docker's words.
 */
export function parseReference(text: string): Reference {
  if (identifier.test(text)) {
    throw invalid(text, `invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`);
  }
  const { domain, rest } = splitDomain(text);
  const repository = rest.split(":", 1)[0] ?? "";
  if (repository.toLowerCase() !== repository) {
    throw invalid(text, `invalid reference format: repository name (${repository}) must be lowercase`);
  }
  const parts = splitReference(`${domain}/${rest}`);
  return { ...parts, domain: parts.domain ?? domain };
}

/** What a user may write for an image: a full ID (with or without `sha256:`) or a reference. */
export function parseAnyReference(
  text: string,
): { readonly kind: "id"; readonly id: Digest } | { readonly kind: "name"; readonly reference: Reference } {
  const id = identifier.test(text) ? `sha256:${text}` : text;
  if (isDigest(id)) return { kind: "id", id };
  return { kind: "name", reference: parseReference(text) };
}

/** The reference with `:latest` when it has neither tag nor digest. */
export function withDefaultTag(reference: Reference): Reference {
  if (reference.tag !== undefined || reference.digest !== undefined) return reference;
  return { ...reference, tag: "latest" };
}

/** What a registry is asked for: by digest, which says it all, else by tag, `latest` when there is none. */
export function pinnedReference(reference: Reference): Reference {
  const { domain, path, digest } = reference;
  return digest === undefined ? withDefaultTag(reference) : { domain, path, digest };
}

/** The full spelling: `docker.io/library/redis:7`. */
export function formatReference(reference: Reference): string {
  return `${repositoryOf(reference)}${suffixOf(reference)}`;
}

/** Domain and path, neither tag nor digest: `docker.io/library/redis`. */
export function repositoryOf(reference: Reference): string {
  return `${reference.domain}/${reference.path}`;
}

/**
 * The spelling that people use: `docker.io/library/redis:7` → `redis:7`, `docker.io/me/app` → `me/app`. Tag and
 * digest stay. Takes a full spelling too.
 */
export function familiarName(reference: Reference | string): string {
  const parsed = typeof reference === "string" ? parseReference(reference) : reference;
  return `${familiarRepository(parsed)}${suffixOf(parsed)}`;
}

/** `familiarName` without tag and digest. */
export function familiarRepository(reference: Reference): string {
  if (reference.domain !== defaultDomain) return repositoryOf(reference);
  const rest = reference.path.startsWith(officialPrefix) ? reference.path.slice(officialPrefix.length) : "/";
  return rest.includes("/") ? reference.path : rest;
}

function suffixOf(reference: Reference): string {
  const tag = reference.tag === undefined ? "" : `:${reference.tag}`;
  return reference.digest === undefined ? tag : `${tag}@${reference.digest}`;
}

/** The first component is a domain when it cannot be a path: a dot, a port, upper case, or `localhost`. */
function splitDomain(text: string): { domain: string; rest: string } {
  const slash = text.indexOf("/");
  if (slash < 0) return { domain: defaultDomain, rest: `${officialPrefix}${text}` };
  const first = text.slice(0, slash);
  const rest = text.slice(slash + 1);
  const isDomain = first === "localhost" || /[.:]/.test(first) || first.toLowerCase() !== first;
  if (!isDomain) return { domain: defaultDomain, rest: text };
  if (first !== defaultDomain && first !== legacyDomain) return { domain: first, rest };
  return { domain: defaultDomain, rest: rest.includes("/") ? rest : `${officialPrefix}${rest}` };
}

function checkDigest(text: string): Digest {
  if (isDigest(text)) return text;
  const [algorithm] = text.split(":");
  throw invalid(
    text,
    algorithm === "sha256" ? "invalid checksum digest length" : "unsupported digest algorithm",
  );
}

function formatError(text: string): EngineError {
  if (text === "") return invalid(text, "repository name must have at least one component");
  if (text.length <= longestText && whole.test(text.toLowerCase())) {
    return invalid(text, "repository name must be lowercase");
  }
  return invalid(text, "invalid reference format");
}

function invalid(subject: string, message: string): EngineError {
  return new EngineError("invalid", message, { subject });
}
