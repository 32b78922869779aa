import type { Announce, ContainerRecord } from "./types.ts";

/** Announces a fact of a container with what Docker tells of each: labels, image and name. */
export function announceContainer(
  announce: Announce,
  record: ContainerRecord,
  action: string,
  more: Readonly<Record<string, string>> = {},
): void {
  announce({
    type: "container",
    action,
    id: record.id,
    attributes: {
      ...record.config.Labels,
      image: record.config.Image ?? "",
      name: record.name,
      ...more,
    },
  });
}

/** Announces a fact of a volume. */
export function announceVolume(
  announce: Announce,
  action: string,
  volume: { name: string; driver: string },
  more: Readonly<Record<string, string>> = {},
): void {
  announce({ type: "volume", action, id: volume.name, attributes: { driver: volume.driver, ...more } });
}

/** Announces that a container joined or left a network. */
export function announceNetwork(
  announce: Announce,
  action: string,
  network: { id: string; name: string; driver: string },
  more: Readonly<Record<string, string>> = {},
): void {
  announce({
    type: "network",
    action,
    id: network.id,
    attributes: { name: network.name, type: network.driver, ...more },
  });
}
