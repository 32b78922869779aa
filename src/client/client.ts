import { type BuildsClient, buildsClient } from "./builds.ts";
import { type Dial, dialNode } from "./connection.ts";
import { type ContainerFiles, containerFiles } from "./container-files.ts";
import { type ContainerLife, containerLife } from "./container-life.ts";
import { type ContainerStreams, containerStreams } from "./container-streams.ts";
import { type DistributionClient, distributionClient } from "./distribution.ts";
import { type ExecsClient, execsClient } from "./execs.ts";
import { type Host, parseHost } from "./host.ts";
import { type ImagesClient, imagesClient } from "./images.ts";
import { type LayerViewsClient, layerViewsClient } from "./layer-views.ts";
import type { Logins } from "./logins.ts";
import { type NetworksClient, networksClient } from "./networks.ts";
import { type RegistriesClient, registriesClient } from "./registries.ts";
import { type SystemClient, systemClient } from "./system.ts";
import { type TransfersClient, transfersClient } from "./transfers.ts";
import { Transport } from "./transport.ts";
import { type VolumesClient, volumesClient } from "./volumes.ts";

/** The API version that the client's types describe. */
export const apiVersion = "1.51";

export interface ContainersClient extends ContainerLife, ContainerStreams, ContainerFiles {}

/**
 * One engine, by resource. Every call throws `ApiError` (an `EngineError` with the kind of the status and the
 * engine's own message) for an answer that says no, and `unavailable` when nobody answers.
 */
export interface Client extends Disposable {
  readonly host: Host;
  readonly containers: ContainersClient;
  readonly execs: ExecsClient;
  readonly images: ImagesClient;
  readonly builds: BuildsClient;
  readonly networks: NetworksClient;
  readonly volumes: VolumesClient;
  readonly registries: RegistriesClient;
  readonly layerViews: LayerViewsClient;
  readonly transfers: TransfersClient;
  readonly distribution: DistributionClient;
  readonly system: SystemClient;
  /** Opens a connection ahead of a call that will come; never rejects. */
  warm(): Promise<void>;
  /** Drops the kept connections. They do not keep the process alive in any case. */
  close(): void;
}

export interface ClientOptions {
  /** `unix:///path` or `tcp://name:port`. */
  readonly host: string;
  /** How to open connections; default through `node:net`. */
  readonly dial?: Dial;
  /** What to show to registries where a call says nothing of it; default nothing. */
  readonly logins?: Logins;
}

/** Makes a client. Nothing is opened before the first call. */
export function createClient(options: ClientOptions): Client {
  const host = parseHost(options.host);
  const transport = new Transport({ host, dial: options.dial ?? dialNode, prefix: `/v${apiVersion}` });
  const close = () => transport.close();
  return {
    host,
    containers: {
      ...containerLife(transport),
      ...containerStreams(transport),
      ...containerFiles(transport),
    },
    execs: execsClient(transport),
    images: imagesClient(transport, options.logins),
    builds: buildsClient(transport, options.logins),
    networks: networksClient(transport),
    volumes: volumesClient(transport),
    registries: registriesClient(transport),
    layerViews: layerViewsClient(transport),
    transfers: transfersClient(transport),
    distribution: distributionClient(transport),
    system: systemClient(transport),
    warm: () => transport.warm(),
    close,
    [Symbol.dispose]: close,
  };
}
