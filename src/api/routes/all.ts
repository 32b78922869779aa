import { applyChanges } from "../../build/index.ts";
import type { Engine } from "../../engine/index.ts";
import type { Route } from "../routes.ts";
import { archiveRoutes } from "./archive.ts";
import { buildRoutes } from "./build.ts";
import { containerLifeRoutes } from "./container-life.ts";
import { containerStreamRoutes } from "./container-streams.ts";
import { containerRoutes } from "./containers.ts";
import { diskUsageRoutes } from "./disk-usage.ts";
import { distributionRoutes } from "./distribution.ts";
import { eventRoutes } from "./events.ts";
import { execRoutes } from "./exec.ts";
import { imageRoutes } from "./images.ts";
import { layerViewRoutes } from "./layer-views.ts";
import { manifestRoutes } from "./manifests.ts";
import { networkRoutes } from "./networks.ts";
import { registryRoutes } from "./registries.ts";
import { statsRoutes } from "./stats.ts";
import { type SystemRoutesNeeds, systemRoutes } from "./system.ts";
import { transferRoutes } from "./transfers.ts";
import { unservedRoutes } from "./unserved.ts";
import { volumeRoutes } from "./volumes.ts";

/** The whole table: every resource with the part of the engine that it uses. */
export function allRoutes(engine: Engine, about: Omit<SystemRoutesNeeds, "engine">): Route[] {
  const { containers, images, network, snapshots, volumes, builder, collect } = engine;
  const { store } = containers;
  const announce = (fact: Parameters<typeof engine.events.publish>[0]): void => engine.events.publish(fact);
  return [
    ...systemRoutes({ engine, ...about }),
    ...eventRoutes(engine.events),
    ...diskUsageRoutes({ store, images, network, snapshots, volumes, builder, budget: engine.budget }),
    ...containerRoutes({
      containers,
      images,
      network,
      runtime: engine.runtime,
      snapshots,
      paths: engine.paths,
    }),
    ...containerLifeRoutes(containers),
    ...containerStreamRoutes({ containers }),
    ...statsRoutes(containers),
    ...archiveRoutes({ containers, applyChanges }),
    ...execRoutes(containers.execs),
    ...distributionRoutes(engine.registries),
    ...manifestRoutes(engine.registries),
    ...imageRoutes({ images, store, announce, collect, applyChanges }),
    ...buildRoutes({ images, builder, announce, collect }),
    ...networkRoutes({ network, containers, announce }),
    ...volumeRoutes({ volumes, store, announce }),
    ...transferRoutes(engine.imageTools.transfer),
    ...layerViewRoutes(engine.imageTools.layerViews),
    ...registryRoutes(engine.imageTools.registryServers),
    ...unservedRoutes(),
  ];
}
