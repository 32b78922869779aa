import { shortID } from "../base/index.ts";
import type { Descriptor } from "../oci/index.ts";
import type { LayerEvent } from "./layer-event.ts";
import type { ImageReport } from "./types.ts";

/** Progress of one layer is told at most so often, in milliseconds. */
const pace = 100;

/** Hears of a pull's layers. */
export type LayerListener = (layer: Descriptor, event: LayerEvent) => void;

/**
 * Tells of layers in the words of Docker's pull. Layers are unpacked while they arrive; that is shown once they are
 * here, as people know it. `downloads` layers come at a time, the others wait.
 */
export function pullReporter(report: ImageReport, downloads: number): LayerListener {
  const layers = new Map<Descriptor, ShownLayer>();
  return (layer, event) => {
    const known = layers.get(layer);
    const shown = known ?? new ShownLayer(layer, report);
    layers.set(layer, shown);
    if (!known && event.kind !== "exists") shown.tell("Pulling fs layer");
    if (event.kind === "waiting" && layers.size <= downloads) return;
    shown.show(event);
  };
}

class ShownLayer {
  readonly #layer: Descriptor;
  readonly #report: ImageReport;
  #isHere = false;
  #told = 0;
  #unpacking = 0;

  constructor(layer: Descriptor, report: ImageReport) {
    this.#layer = layer;
    this.#report = report;
  }

  tell(status: string): void {
    this.#report({ id: shortID(this.#layer.digest), status });
  }

  show(event: LayerEvent): void {
    if (event.kind === "downloading") this.#paced("Downloading", event.bytes);
    else if (event.kind === "unpacking") this.#unpack(event.bytes);
    else if (event.kind === "downloaded") this.#arrive();
    else if (event.kind === "done") this.#end(event.size);
    else this.tell(words[event.kind]);
  }

  #unpack(bytes: number): void {
    this.#unpacking = bytes;
    if (this.#isHere) this.#paced("Extracting", bytes);
  }

  /** A layer that was unpacked already has no size to tell. */
  #end(size: number | undefined): void {
    if (size !== undefined) this.#tellAmount("Extracting", this.#layer.size);
    this.tell("Pull complete");
  }

  #arrive(): void {
    this.#isHere = true;
    this.tell("Download complete");
    if (this.#unpacking > 0) this.#tellAmount("Extracting", this.#unpacking);
  }

  #paced(status: string, current: number): void {
    if (performance.now() - this.#told >= pace) this.#tellAmount(status, current);
  }

  #tellAmount(status: string, current: number): void {
    this.#told = performance.now();
    const { digest, size } = this.#layer;
    this.#report({ id: shortID(digest), status, current, total: size });
  }
}

const words = { exists: "Already exists", waiting: "Waiting", verifying: "Verifying Checksum" } as const;
