/**
 * Writes a file so that readers see the old content or the new one, never a part: temporary file beside it,
 * then rename. With `sync` the bytes and the directory entry are on disk when it returns.
 */
export async function atomicWrite(
  path: string,
  data: string | Uint8Array,
  options: { mode?: number; sync?: boolean } = {},
): Promise<void> {
  // Not imported at the top: see `digestOf`.
  const { open, rename, rm } = await import("node:fs/promises");
  const { randomBytes } = await import("node:crypto");
  const { basename, dirname, join } = await import("node:path");
  const directory = dirname(path);
  const temporary = join(directory, `.${basename(path)}.${randomBytes(6).toString("hex")}.tmp`);
  try {
    const file = await open(temporary, "wx", options.mode ?? 0o644);
    try {
      await file.writeFile(data);
      if (options.sync) await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  if (options.sync) await syncDirectory(directory);
}

/** Makes renames and removals in a directory durable. */
export async function syncDirectory(path: string): Promise<void> {
  const { open } = await import("node:fs/promises");
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
