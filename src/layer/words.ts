import type { Mount } from "../oci/index.ts";
import type { Bounds } from "./bounds.ts";
import type { ApplyOptions, ExtractOptions, Over } from "./types.ts";

/** The words of the helper's command line for a tree: one mount. */
export function mountWords(mounts: readonly Mount[]): string[] {
  const [mount, ...others] = mounts;
  if (!mount || others.length > 0) throw new Error(`A tree is one mount, not ${mounts.length}`);
  return [mount.type, mount.source, mount.options.join(",")];
}

/** … for an extraction. */
export function extractWords(mounts: readonly Mount[], options: ExtractOptions): string[] {
  const { directory, over, limits, keepKinds, owner } = options;
  return [
    ...limitWords(limits),
    ...(keepKinds ? ["--keep-kinds"] : []),
    ...(owner ? ["--owner", `${owner.uid}:${owner.gid}`] : []),
    ...overWords(over),
    "extract",
    ...mountWords(mounts),
    directory,
  ];
}

/** … for what is mounted over a tree. */
export function overWords(over: readonly Over[] = []): string[] {
  return over.flatMap(({ source, target, readOnly }) => [
    readOnly ? "--over-read-only" : "--over",
    source,
    "--at",
    target,
  ]);
}

/** … for what an archive may be at most. */
export function limitWords(limits: ApplyOptions["limits"] = {}): string[] {
  const { entries, bytes } = limits;
  return [
    ...(entries === undefined ? [] : ["--entries", String(entries)]),
    ...(bytes === undefined ? [] : ["--bytes", String(bytes)]),
  ];
}

/** … for what the helper is to take for out of proportion when it decompresses by itself. */
export function boundWords({ free, ratio }: Bounds): string[] {
  return ["--free", String(free), "--ratio", String(ratio)];
}
