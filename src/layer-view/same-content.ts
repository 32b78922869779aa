import { open } from "node:fs/promises";

const pieceSize = 256 * 1024;

/** True when two files of the same size hold the same bytes. The paths are bytes: names need not be UTF-8. */
export async function sameContent(a: Buffer, b: Buffer): Promise<boolean> {
  await using one = await open(a, "r");
  await using other = await open(b, "r");
  const [left, right] = [Buffer.allocUnsafe(pieceSize), Buffer.allocUnsafe(pieceSize)];
  for (;;) {
    const [first, second] = await Promise.all([
      one.read(left, 0, pieceSize),
      other.read(right, 0, pieceSize),
    ]);
    if (first.bytesRead !== second.bytesRead) return false;
    if (first.bytesRead === 0) return true;
    if (left.compare(right, 0, second.bytesRead, 0, first.bytesRead) !== 0) return false;
  }
}
