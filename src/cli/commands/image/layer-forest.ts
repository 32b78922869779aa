/** One layer of one image. */
export interface Layer {
  readonly diffID: string;
  readonly size: number;
  /** The step that made it, where known. */
  readonly createdBy: string;
}

/** An image as the stack of its layers, the lowest first. */
export interface ImageStack {
  readonly id: string;
  readonly names: readonly string[];
  readonly layers: readonly Layer[];
}

/** A layer upon those below it: what images share is a node that several of them go through. */
export interface LayerNode {
  readonly layer: Layer;
  /** Images whose top layer this is. */
  readonly images: ImageStack[];
  /** How many images stand on it. */
  users: number;
  readonly above: LayerNode[];
}

export interface Forest {
  readonly roots: readonly LayerNode[];
  readonly totals: {
    readonly imageCount: number;
    readonly layerCount: number;
    /** Bytes on disk: each layer once. */
    readonly uniqueSize: number;
    /** Bytes if every image had its own layers. */
    readonly sumSize: number;
  };
}

/** Joins stacks at the layers that they have in common, from the bottom up. */
export function buildForest(stacks: readonly ImageStack[]): Forest {
  const roots: LayerNode[] = [];
  let [layerCount, uniqueSize, sumSize] = [0, 0, 0];
  for (const stack of stacks) {
    let level = roots;
    let top: LayerNode | undefined;
    for (const layer of stack.layers) {
      sumSize += layer.size;
      let node = level.find((one) => one.layer.diffID === layer.diffID);
      if (!node) {
        node = { layer, images: [], users: 0, above: [] };
        level.push(node);
        layerCount += 1;
        uniqueSize += layer.size;
      }
      node.users += 1;
      level = node.above;
      top = node;
    }
    top?.images.push(stack);
  }
  return { roots, totals: { imageCount: stacks.length, layerCount, uniqueSize, sumSize } };
}
