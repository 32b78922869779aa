import { once } from "node:events";
import { pack } from "tar-stream";

/** A file of an archive that a test makes; a regular file unless `type` says otherwise. */
export interface Entry {
  readonly name: string;
  readonly type?: "directory" | "symlink" | "link" | "character-device";
  readonly linkname?: string;
  readonly text?: string;
  readonly bytes?: Uint8Array;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

export type Archive = readonly Entry[];

/** A tar archive, its names exactly as given: hostile ones too. */
export async function archive(files: Archive): Promise<Uint8Array<ArrayBuffer>> {
  const tar = pack();
  for (const { name, type, linkname, text, bytes, mode, uid, gid } of files) {
    const header = {
      name,
      mode: mode ?? (type === "directory" ? 0o755 : 0o644),
      uid: uid ?? 0,
      gid: gid ?? 0,
    };
    if (type === undefined) tar.entry(header, Buffer.from(bytes ?? Buffer.from(text ?? "")));
    else tar.entry({ ...header, type, ...(linkname === undefined ? {} : { linkname }) });
  }
  tar.finalize();
  const chunks: Uint8Array[] = [];
  tar.on("data", (chunk) => {
    if (chunk instanceof Uint8Array) chunks.push(chunk);
  });
  await once(tar, "end");
  return new Uint8Array(Buffer.concat(chunks));
}
