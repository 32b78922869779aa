import { type Digest, isDigest } from "../base/index.ts";
import { RegistryFault } from "./fault.ts";

/** What a path of the distribution API names. */
export type Target =
  | { readonly kind: "base" }
  | { readonly kind: "catalog" }
  | { readonly kind: "tags"; readonly name: string }
  | { readonly kind: "manifest"; readonly name: string; readonly reference: string }
  | { readonly kind: "blob"; readonly name: string; readonly digest: Digest }
  | { readonly kind: "uploads"; readonly name: string }
  | { readonly kind: "upload"; readonly name: string; readonly id: string }
  | { readonly kind: "referrers"; readonly name: string; readonly digest: Digest };

/** Names may hold the words of the paths themselves, so they are told apart from the end. */
const shapes: readonly [RegExp, (name: string, last: string) => Target][] = [
  [/^(.+)\/tags\/(list)$/, (name) => ({ kind: "tags", name })],
  [/^(.+)\/manifests\/([^/]+)$/, (name, reference) => ({ kind: "manifest", name, reference })],
  [/^(.+)\/blobs\/(uploads)\/?$/, (name) => ({ kind: "uploads", name })],
  [/^(.+)\/blobs\/uploads\/([^/]+)$/, (name, id) => ({ kind: "upload", name, id })],
  [/^(.+)\/blobs\/([^/]+)$/, (name, text) => ({ kind: "blob", name, digest: digestIn(text) })],
  [/^(.+)\/referrers\/([^/]+)$/, (name, text) => ({ kind: "referrers", name, digest: digestIn(text) })],
];

const component = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const names = new RegExp(`^${component}(?:/${component})*$`);
const longestName = 255;

/** Takes a path apart; undefined for one that the API does not have. Throws for a bad name or digest. */
export function parseTarget(path: string): Target | undefined {
  if (path === "/v2" || path === "/v2/") return { kind: "base" };
  if (!path.startsWith("/v2/")) return undefined;
  const rest = decode(path.slice("/v2/".length));
  if (rest === "_catalog") return { kind: "catalog" };
  for (const [pattern, make] of shapes) {
    const match = pattern.exec(rest);
    if (!match) continue;
    const [, name = "", last = ""] = match;
    if (name.length > longestName || !names.test(name)) {
      throw new RegistryFault("NAME_INVALID", "invalid repository name", { detail: { name } });
    }
    return make(name, last);
  }
  return undefined;
}

/** Throws `DIGEST_INVALID` for anything but `sha256:<hex>`. */
export function digestIn(text: string): Digest {
  if (isDigest(text)) return text;
  throw new RegistryFault("DIGEST_INVALID", "provided digest did not match uploaded content", {
    detail: { digest: text },
  });
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new RegistryFault("NAME_INVALID", "invalid repository name", { detail: { name: text } });
  }
}
