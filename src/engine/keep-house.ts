import type { Logger } from "../base/index.ts";
import { type Budget, createBudget, type ImageUses } from "../budget/index.ts";
import type { Builder } from "../build/index.ts";
import type { ContainerService, Fact } from "../container/index.ts";
import type { ContentStore } from "../content/index.ts";
import type { Image, ImageService } from "../image/index.ts";
import { familiarName } from "../oci/index.ts";
import type { Snapshotter } from "../snapshot/index.ts";
import type { EventHub } from "./events.ts";
import { createHousekeeping, type Housekeeping } from "./housekeeping.ts";
import type { EngineOptions } from "./options.ts";

export interface KeepHouseNeeds {
  readonly options: EngineOptions;
  readonly images: ImageService;
  readonly content: ContentStore;
  readonly snapshots: Snapshotter;
  readonly containers: ContainerService;
  readonly builder: Builder;
  readonly events: EventHub;
  readonly uses: ImageUses;
  readonly log: Logger;
  readonly collect: () => Promise<{ bytes: number }>;
}

const defaultGrace = 10 * 60_000;

/** Collection and disk budget of an engine. */
export function keepHouse(needs: KeepHouseNeeds): Housekeeping & { readonly budget: Budget } {
  const { options, containers, events, uses } = needs;
  const { budget: limit, grace = defaultGrace } = options.disk ?? {};
  const budget = createBudget(
    {
      ...needs,
      cache: needs.builder,
      usersOf: (id) =>
        containers.store
          .list()
          .filter((record) => record.image === id)
          .map((record) => ({ id: record.id, running: record.state.pid > 0 })),
      evicted: (image) => {
        for (const fact of evictionFacts(image)) events.publish(fact);
      },
    },
    { limit, grace },
  );
  const housekeeping = createHousekeeping({ ...needs, budget });
  return {
    ...housekeeping,
    budget,
    close() {
      housekeeping.close();
      uses[Symbol.dispose]();
    },
  };
}

/** The images as the builder sees them: what it looks for is being used. */
export function notingUses(images: ImageService, uses: ImageUses): ImageService {
  const noted = (image: Image | undefined): void => {
    if (image) uses.note(image.id);
  };
  return {
    ...images,
    get(reference) {
      const image = images.get(reference);
      noted(image);
      return image;
    },
    find(reference) {
      const image = images.find(reference);
      noted(image);
      return image;
    },
  };
}

function evictionFacts(image: Image): Fact[] {
  const fact = (action: string, name: string): Fact => ({
    ...{ type: "image", action, id: image.id },
    attributes: { name, reason: "disk budget" },
  });
  return [...image.references.map((name) => fact("untag", familiarName(name))), fact("delete", image.id)];
}
