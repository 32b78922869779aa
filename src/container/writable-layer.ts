import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Digest } from "../base/index.ts";
import type { HostConfig } from "../wire/index.ts";
import type { Collaborators } from "./collaborators.ts";
import { layerOptions } from "./storage-options.ts";

/** Many programs take this file as the sign that they run in a container. */
export const containerMark = "/.dockerenv";

/** Makes a container's writable layer, which holds the mark of a container and nothing else. */
export async function prepareLayer(
  { snapshots }: Pick<Collaborators, "snapshots">,
  container: { readonly id: string; readonly chainID: Digest | undefined; readonly hostConfig: HostConfig },
): Promise<void> {
  const { id, chainID, hostConfig } = container;
  await snapshots.prepare(id, chainID, layerOptions(hostConfig));
  await writeFile(join(await snapshots.upperDirectory(id), containerMark), "", { mode: 0o755 });
}
