import { chmod, chown, link, lstat, mkdir, open, rm, stat, symlink } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { type Extract, extract, type Header } from "tar-stream";
import { codeOf, EngineError } from "../../../base/index.ts";

export interface UnpackOptions {
  /** What the tar's top entry becomes. */
  readonly target: string;
  /** Keep owners. */
  readonly archive: boolean;
}

/**
 * Unpacks the tar of one path below `target`; gives the bytes of the files. The tar comes out of a container and is
 * not trusted: nothing is written outside `target`, nor through a link that the tar brought.
 */
export async function unpackTo(tar: AsyncIterable<Uint8Array>, options: UnpackOptions): Promise<number> {
  const source = Readable.from(tar);
  const unpacker = extract();
  source.on("error", (error) => unpacker.destroy(error));
  let bytes = 0;
  for await (const entry of source.pipe(unpacker)) {
    bytes += await unpackEntry(entry, options);
    entry.resume();
  }
  return bytes;
}

type Entry = Extract extends AsyncIterable<infer Source> ? Source : never;

async function unpackEntry(entry: Entry, options: UnpackOptions): Promise<number> {
  const { header } = entry;
  const path = await safePath(options.target, header.name);
  const mode = header.mode & 0o7777;
  switch (header.type) {
    case "directory":
      await makeDirectory(path, options.target);
      break;
    case "file":
    case "contiguous-file":
      await writeFile(path, entry);
      break;
    case "symlink":
      await rm(path, { force: true });
      await symlink(header.linkname, path);
      break;
    case "link":
      await rm(path, { force: true });
      await link(await safePath(options.target, header.linkname), path);
      break;
    default:
      // Devices and pipes have no meaning here.
      return 0;
  }
  // A link's mode and owner are those of what it links to.
  if (header.type === "symlink" || header.type === "link") return 0;
  // The owner first: a change of it takes set-ID bits away.
  await own(path, header, options.archive);
  await chmod(path, mode);
  return header.size;
}

async function own(path: string, header: Header, archive: boolean): Promise<void> {
  if (!archive || process.getuid?.() !== 0) return;
  await chown(path, header.uid, header.gid);
}

/** The path below `target` of an entry, the first part of whose name stands for `target` itself. */
async function safePath(target: string, name: string): Promise<string> {
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) throw refused(name);
  const rest = parts.slice(1);
  let path = target;
  for (const part of rest) {
    const stats = await lstat(path).catch(() => undefined);
    // A link of the tar's own must not lead what follows elsewhere; `target` itself is the user's.
    if (path !== target && stats?.isSymbolicLink()) throw refused(name);
    if (!stats) await mkdir(path);
    path = join(path, part);
  }
  return path;
}

async function makeDirectory(path: string, target: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
    // Only the user's own target may be a link to a directory.
    const found = await (path === target ? stat : lstat)(path);
    if (!found.isDirectory()) throw refused(path);
  }
}

async function writeFile(path: string, content: Entry): Promise<void> {
  // A new file, never through what lies there, which may be a link.
  await rm(path, { force: true });
  const file = await open(path, "wx");
  try {
    for await (const chunk of content) if (chunk instanceof Uint8Array) await file.write(chunk);
  } finally {
    await file.close();
  }
}

function refused(name: string): EngineError {
  return new EngineError("invalid", `Cannot unpack ${name}: it leads outside the target`, { subject: name });
}
