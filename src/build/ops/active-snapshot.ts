import { newID } from "../../base/index.ts";
import type { Mount } from "../../oci/index.ts";
import type { ChainID, Snapshotter } from "../../snapshot/index.ts";

/** Keys of snapshots that belong to builds begin with it; what a kill leaves of them is found by it. */
export const keyPrefix = "build-";

/** A writable tree on a parent; removed when disposed, unless it was committed before. */
export interface ActiveSnapshot extends AsyncDisposable {
  readonly id: string;
  readonly key: string;
  readonly mounts: readonly Mount[];
}

export async function openActive(
  snapshots: Pick<Snapshotter, "prepare" | "remove">,
  parent: ChainID | undefined,
): Promise<ActiveSnapshot> {
  const id = newID();
  const key = `${keyPrefix}${id}`;
  const mounts = await snapshots.prepare(key, parent);
  return { id, key, mounts, [Symbol.asyncDispose]: () => snapshots.remove(key) };
}
