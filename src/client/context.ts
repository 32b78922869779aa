import type { Cancel } from "./options.ts";

export interface ContextOptions extends Cancel {
  /** Path of the Dockerfile, relative to the context or absolute, or its text; default `Dockerfile`. */
  readonly dockerfile?: string | { readonly content: string } | undefined;
  /** Patterns of what stays out; default those of `<dockerfile>.dockerignore`, else of `.dockerignore`. */
  readonly ignore?: readonly string[] | undefined;
}

export interface PackedContext {
  /** The tar, made while it is read. */
  readonly tar: AsyncGenerator<Uint8Array, void>;
  /** What to name to the builder as its Dockerfile. */
  readonly dockerfile: string;
}

/**
 * Packs a directory as a build context: sorted, owned by root, modes and symlinks as they are, ignored paths left
 * out; the Dockerfile and the ignore file always go with it. A Dockerfile from elsewhere goes in under a name of its
 * content, hidden from `COPY` by the ignore file. Throws `invalid` with Docker's words when the directory or the
 * Dockerfile is not there.
 */
export async function packContext(directory: string, options: ContextOptions = {}): Promise<PackedContext> {
  // Loaded on use: whoever only talks to an engine does not pay for walking files.
  const { prepareContext } = await import("./context-prepare.ts");
  return await prepareContext(directory, options);
}
