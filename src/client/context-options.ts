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
