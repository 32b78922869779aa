import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";

/** Bytes that a tree occupies, hard links counted once; what vanishes meanwhile counts nothing. */
export async function diskUsage(root: string): Promise<number> {
  const seen = new Set<string>();
  const pending = [root];
  let bytes = 0;
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    const info = await lstat(path).catch(() => undefined);
    if (!info) continue;
    const inode = `${info.dev}:${info.ino}`;
    if (seen.has(inode)) continue;
    seen.add(inode);
    bytes += info.blocks * 512;
    if (!info.isDirectory()) continue;
    const directory = path;
    const names = await readdir(directory).catch((): string[] => []);
    pending.push(...names.map((name) => join(directory, name)));
  }
  return bytes;
}
