import { EngineError } from "./errors.ts";

declare const digestBrand: unique symbol;
/** `sha256:<64 lower-case hex>`; the only algorithm the store writes. Made by `parseDigest` or `digestOf` alone. */
export type Digest = string & { readonly [digestBrand]: true };

const pattern = /^sha256:[0-9a-f]{64}$/;

export function isDigest(text: string): text is Digest {
  return pattern.test(text);
}

/** Parses `sha256:<hex>`; throws `invalid` for anything else. */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text;
  throw new EngineError("invalid", `Cannot parse digest: "${text}" is not sha256:<64 hex digits>`, {
    subject: text,
  });
}

/** The 64 hex digits of a digest. */
export function hexOf(digest: Digest): string {
  return digest.slice("sha256:".length);
}

/** The digest of bytes at hand. */
export function digestOf(bytes: Uint8Array | string): Digest {
  // Not imported: loading it costs every start of the command line milliseconds, and few starts need it.
  const { createHash } = process.getBuiltinModule("node:crypto");
  return parseDigest(`sha256:${createHash("sha256").update(bytes).digest("hex")}`);
}
