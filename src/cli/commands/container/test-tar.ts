import { pack as tarPack } from "tar-stream";

type Entry = Parameters<ReturnType<typeof tarPack>["entry"]>[0];
export type HeaderArgument = Entry;

/** A tar of these entries, for tests. */
export async function* pack(entries: readonly [HeaderArgument, string?][]): AsyncGenerator<Uint8Array, void> {
  const tar = tarPack();
  for (const [header, content] of entries) tar.entry(header, content ?? "");
  tar.finalize();
  for await (const chunk of tar) if (chunk instanceof Uint8Array) yield chunk;
}
