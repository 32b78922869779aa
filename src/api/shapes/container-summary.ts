import type { ContainerRecord, HealthView } from "../../container/index.ts";
import type { NetworkService } from "../../network/index.ts";
import type { ContainerSummary } from "../../wire/index.ts";
import { mountPoint } from "./container-inspect.ts";
import { endpointMap, liveSandbox, portSummaries } from "./container-network.ts";
import { statusText } from "./time.ts";

/** A row of `GET /containers/json`. */
export function containerSummary(
  record: ContainerRecord,
  parts: {
    readonly health: HealthView | undefined;
    readonly network: Pick<NetworkService, "findSandbox" | "get">;
    readonly now: number;
    /** Whether the name the container was made from still names its image. */
    readonly imageNameHolds: boolean;
  },
): ContainerSummary {
  const sandbox = liveSandbox(parts.network, record);
  const { Annotations } = record.hostConfig;
  return {
    Id: record.id,
    Names: [`/${record.name}`],
    Image: parts.imageNameHolds ? (record.config.Image ?? record.image) : record.image,
    ImageID: record.image,
    Command: commandText(record),
    Created: Math.floor(Date.parse(record.created) / 1000),
    Ports: portSummaries(record, sandbox),
    Labels: record.config.Labels ?? {},
    State: record.state.phase,
    Status: statusText(record, parts.health, parts.now),
    HostConfig: {
      NetworkMode: record.hostConfig.NetworkMode ?? "bridge",
      ...(Annotations ? { Annotations } : {}),
    },
    NetworkSettings: { Networks: endpointMap(parts.network, record, sandbox) },
    Mounts: record.mounts.map(mountPoint),
  };
}

/** Program and arguments; those with spaces in quotes. */
function commandText(record: ContainerRecord): string {
  const parts = [...(record.config.Entrypoint ?? []), ...(record.config.Cmd ?? [])].filter(
    (word) => word !== "",
  );
  const [program = "", ...rest] = parts;
  return [program, ...rest.map((word) => (word.includes(" ") ? `'${word}'` : word))].join(" ");
}
