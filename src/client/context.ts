import type { ContextOptions, PackedContext } from "./context-options.ts";

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
