import { formatBytes, shortID } from "../../../base/index.ts";
import type { ContainerSummary, MountPoint } from "../../../wire/index.ts";
import { ago, ellipsis, goTime, labelOf, labelText, portText, type Row } from "../../listing/index.ts";

/** Headings of the container listing's fields. */
export const containerHeadings = {
  ID: "CONTAINER ID",
  Image: "IMAGE",
  Command: "COMMAND",
  CreatedAt: "CREATED AT",
  RunningFor: "CREATED",
  Ports: "PORTS",
  State: "STATE",
  Status: "STATUS",
  Size: "SIZE",
  Names: "NAMES",
  Labels: "LABELS",
  Mounts: "MOUNTS",
  LocalVolumes: "LOCAL VOLUMES",
  Networks: "NETWORKS",
  Platform: "PLATFORM",
} as const;

/** A container as a line of `ps`; what few tables show is computed when it is asked for. */
export function containerRow(container: ContainerSummary, { full }: { readonly full: boolean }): Row {
  const names = container.Names.map((name) => name.replace(/^\//, ""));
  return {
    ID: full ? container.Id : shortID(container.Id),
    Image: imageText(container, full),
    Command: JSON.stringify(full ? container.Command : ellipsis(container.Command, 20)),
    get CreatedAt() {
      return goTime(container.Created);
    },
    RunningFor: ago(container.Created),
    Ports: portText(container.Ports ?? []),
    State: container.State,
    Status: container.Status,
    Size: sizeText(container),
    // Links of other containers have a slash in them; they are shown in full only.
    Names: (full ? names : names.filter((name) => !name.includes("/"))).join(","),
    get Labels() {
      return labelText(container.Labels);
    },
    Label: labelOf(container.Labels),
    get Mounts() {
      return (container.Mounts ?? []).map((mount) => mountText(mount, full)).join(",");
    },
    get LocalVolumes() {
      return String((container.Mounts ?? []).filter(isLocalVolume).length);
    },
    get Networks() {
      return Object.keys(container.NetworkSettings?.Networks ?? {})
        .sort()
        .join(",");
    },
    Platform: null,
  };
}

function isLocalVolume(mount: MountPoint): boolean {
  return mount.Type === "volume" && mount.Driver === "local";
}

function imageText({ Image, ImageID }: ContainerSummary, full: boolean): string {
  if (Image === "") return "<no image>";
  if (full) return Image;
  const isOwnID = Image === ImageID || Image === ImageID.replace(/^sha256:/, "");
  return isOwnID ? shortID(Image) : Image.replace(/@sha256:[0-9a-f]{64}$/, "");
}

function sizeText({ SizeRw = 0, SizeRootFs = 0 }: ContainerSummary): string {
  return SizeRootFs > 0 ? `${formatBytes(SizeRw)} (virtual ${formatBytes(SizeRootFs)})` : formatBytes(SizeRw);
}

function mountText({ Name, Source }: MountPoint, full: boolean): string {
  const name = Name || Source;
  return full ? name : ellipsis(name, 15);
}
