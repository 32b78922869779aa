import type { LayerTools } from "../../layer/index.ts";
import type { TreeFile } from "../tree/index.ts";

const block = 512;

/** True for a tar, compressed or not, by its content: the first header's checksum must be right. */
export async function isArchive(layers: Pick<LayerTools, "decompress">, file: TreeFile): Promise<boolean> {
  if (file.type !== "file" || file.size === 0) return false;
  try {
    const head = await firstBytes(layers.decompress(file.content()));
    return head.length === block && hasChecksum(head);
  } catch {
    // What cannot be decompressed is no archive, and is copied as any other file.
    return false;
  }
}

async function firstBytes(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of source) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= block) break;
  }
  return Buffer.concat(chunks).subarray(0, block);
}

function hasChecksum(head: Uint8Array): boolean {
  const text = new TextDecoder("latin1").decode(head.subarray(148, 156));
  const stored = Number.parseInt(text.replace(/[\0 ]+$/, "").trim(), 8);
  const sum = head.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0);
  return head[0] !== 0 && stored === sum;
}
