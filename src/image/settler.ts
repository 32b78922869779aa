import type { LayerTools } from "../layer/index.ts";
import type { ChainID, Snapshotter } from "../snapshot/index.ts";

/**
 * Brings new layers to the disk in the background, as flushing a file system may take seconds on a busy machine.
 * Until then a power cut may cut their files short: the next start drops such layers and unpacks them again from
 * their blobs, which were synced before they became visible (see `recover`). So images need not wait.
 */
export class Settler {
  readonly #snapshots: Snapshotter;
  readonly #layers: LayerTools;
  #wanted = new Set<ChainID>();
  #running: Promise<void> | undefined;

  constructor(needs: { readonly snapshots: Snapshotter; readonly layers: LayerTools }) {
    this.#snapshots = needs.snapshots;
    this.#layers = needs.layers;
  }

  /** These layers, and those below them, are to be brought to the disk. */
  request(chain: readonly ChainID[]): void {
    for (const one of this.#snapshots.unsettled(chain)) this.#wanted.add(one);
    if (this.#wanted.size > 0) this.#running ??= this.#run();
  }

  /** Resolves when all that was requested is on the disk, or could not be brought there. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#wanted.size > 0) {
      const chain = [...this.#wanted];
      this.#wanted = new Set();
      // A layer that stays unsettled is asked for again with the next image that has it.
      await this.#settle(chain).catch(() => undefined);
    }
    this.#running = undefined;
  }

  /** One flush for all; layers that have been removed meanwhile are left out. */
  async #settle(chain: readonly ChainID[]): Promise<void> {
    const fresh = this.#snapshots.unsettled(chain);
    const [first] = fresh;
    if (first === undefined) return;
    await this.#layers.sync(await this.#snapshots.layerDirectory(first));
    await this.#snapshots.settle(this.#snapshots.unsettled(fresh));
  }
}
