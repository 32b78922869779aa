import { isAbsolute, join } from "node:path";
import type { Cli } from "../cli.ts";
import { ExitError } from "../exit.ts";

const pieceSize = 1024 * 1024;

/** The path, made absolute from where the command was called. */
export function pathAt(cli: Cli, path: string): string {
  return isAbsolute(path) ? path : join(cli.directory, path);
}

/** A file's bytes in pieces; throws in Docker's words when it cannot be opened. */
export async function* readPieces(path: string): AsyncGenerator<Uint8Array, void> {
  const { open } = await import("node:fs/promises");
  const file = await open(path, "r");
  try {
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(pieceSize), 0, pieceSize, null);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

/**
 * Writes a tar to a file, which appears only once it is whole, or to stdout, which must not be a terminal. The tar
 * is asked for after that is clear.
 */
export async function writeTar(
  cli: Cli,
  output: string | undefined,
  open: () => Promise<AsyncIterable<Uint8Array>>,
): Promise<void> {
  if (output === undefined || output === "") {
    if (await cli.out.terminal()) {
      throw new ExitError(1, "cowardly refusing to save to a terminal. Use the -o flag or redirect");
    }
    for await (const chunk of await open()) await cli.out.write(chunk);
    return;
  }
  await writeWhole(pathAt(cli, output), await open());
}

/** Writes a file that appears only once it is whole. */
export async function writeWhole(path: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  const fs = await import("node:fs/promises");
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const file = await fs.open(temporary, "wx", 0o644);
    try {
      for await (const piece of pieces) await file.writeFile(piece);
    } finally {
      await file.close();
    }
    await fs.rename(temporary, path);
  } catch (error) {
    await fs.rm(temporary, { force: true });
    throw error;
  }
}
