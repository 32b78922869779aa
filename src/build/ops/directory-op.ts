import type { ImageService } from "../../image/index.ts";
import type { LayerTools } from "../../layer/index.ts";
import type { Snapshotter } from "../../snapshot/index.ts";
import { cacheKey } from "../cache/index.ts";
import type { DirectoryVertex } from "../dockerfile/index.ts";
import { writeTar } from "../tree/index.ts";
import { openActive } from "./active-snapshot.ts";
import { findArrival } from "./arrival.ts";
import { arrive } from "./copy-files.ts";
import { restoreTime } from "./restore-time.ts";
import type { Op, Tree } from "./types.ts";

export interface DirectoryNeeds {
  readonly images: Pick<ImageService, "commitLayer">;
  readonly snapshots: Pick<Snapshotter, "prepare" | "remove" | "view" | "changes">;
  readonly layers: Pick<LayerTools, "extract" | "pack">;
}

/** WORKDIR: makes the directory and its parents where they are missing, root's and 0755; else makes no layer. */
export function directoryOp(needs: DirectoryNeeds, vertex: DirectoryVertex, input: Tree): Op {
  const { images, snapshots, layers } = needs;
  return {
    key: async () => cacheKey("directory", input.chainID, vertex.path),
    async run(_report, signal) {
      const mounts = input.chainID === undefined ? undefined : await snapshots.view(input.chainID);
      const arrival = await findArrival(layers, mounts, vertex.path, true);
      if (arrival.exists) return undefined;
      await using active = await openActive(snapshots, input.chainID);
      const rules = { owner: { uid: 0, gid: 0 }, chmod: undefined };
      const tar = writeTar(arrive(nothing(), arrival, rules));
      await layers.extract(tar, active.mounts, { directory: "/", keepKinds: true, signal });
      const { directory } = await snapshots.changes(active.key);
      await restoreTime(layers, directory, { before: mounts, arrival });
      return await images.commitLayer(active.key, input.chainID);
    },
  };
}

async function* nothing(): AsyncGenerator<never> {}
