import type { MountSpec } from "../../wire/index.ts";
import { defined, type Fields, fields } from "./fields.ts";
import type { ServiceMount } from "./project.ts";
import { type Dict, entriesAt, textAt } from "./tree.ts";

/** The mounts of a service: its volumes, then its secrets and configs, which are files of the host. */
export function serviceMounts(service: Fields, project: Dict): ServiceMount[] {
  return [
    ...service.items("volumes").map(volumeMount),
    ...service.items("secrets").map((use) => fileMount(use, project, "secrets", "/run/secrets/")),
    ...service.items("configs").map((use) => fileMount(use, project, "configs", "/")),
  ];
}

function volumeMount(volume: Fields): ServiceMount {
  const type = volume.text("type");
  const common = defined({ Target: volume.text("target") ?? "", ReadOnly: volume.flag("read_only") });
  switch (type) {
    case "volume":
      return { kind: "volume", volume: volume.text("source"), spec: namedVolume(volume, common) };
    case "bind":
      return { kind: "host", spec: bind(volume, common) };
    case "tmpfs":
      return { kind: "host", spec: { Type: "tmpfs", ...common, ...temporary(volume) } };
    default:
      throw volume.wrong("type", `'${type}' is not supported yet`);
  }
}

function namedVolume(volume: Fields, common: Pick<MountSpec, "Target">): MountSpec {
  const options = volume.under("volume");
  const given = defined({
    NoCopy: options.flag("nocopy"),
    Subpath: options.text("subpath"),
    Labels: options.has("labels") ? options.map("labels") : undefined,
  });
  return { Type: "volume", ...common, ...(Object.keys(given).length === 0 ? {} : { VolumeOptions: given }) };
}

function bind(volume: Fields, common: Pick<MountSpec, "Target">): MountSpec {
  const options = volume.under("bind");
  const create = options.flag("create_host_path") ?? true;
  const recursive = options.text("recursive");
  return {
    Type: "bind",
    Source: volume.text("source") ?? "",
    ...common,
    BindOptions: defined({
      CreateMountpoint: create,
      Propagation: options.text("propagation"),
      NonRecursive: recursive === "disabled" ? true : undefined,
    }),
  };
}

function temporary(volume: Fields): Pick<MountSpec, "TmpfsOptions"> {
  const options = volume.under("tmpfs");
  const given = defined({ SizeBytes: options.bytes("size"), Mode: options.number("mode") });
  return Object.keys(given).length === 0 ? {} : { TmpfsOptions: given };
}

function fileMount(use: Fields, project: Dict, section: string, directory: string): ServiceMount {
  const source = use.text("source") ?? "";
  const declared = fields(entriesAt(project, section).find(([name]) => name === source)?.[1], [
    section,
    source,
  ]);
  const target = use.text("target") ?? source;
  return {
    kind: "host",
    spec: {
      Type: "bind",
      Source: textAt(declared.tree, "file") ?? "",
      Target: target.startsWith("/") ? target : `${directory}${target}`,
      ReadOnly: true,
    },
  };
}
