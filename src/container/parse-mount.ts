import { EngineError } from "../base/index.ts";
import type { MountSpec } from "../wire/index.ts";
import { tmpfsWords } from "./parse-tmpfs.ts";
import { checkSubpath, cleanPath, plainMount, propagations, type WantedMount } from "./wanted-mount.ts";

type Invalid = (why: string) => EngineError;

/** Parses one entry of `HostConfig.Mounts`; throws `invalid` with Docker's words. */
export function parseMount(spec: MountSpec): WantedMount {
  const invalid: Invalid = (why) =>
    new EngineError("invalid", `invalid mount config for type "${spec.Type}": ${why}`, {
      subject: spec.Target ?? "",
    });
  const target = spec.Target ?? "";
  if (target === "") throw invalid("field Target must not be empty");
  if (!target.startsWith("/")) throw invalid(`invalid mount path: '${target}' mount path must be absolute`);
  if (cleanPath(target) === "/") throw invalid("invalid specification: destination can't be '/'");
  checkForeignOptions(spec, invalid);
  const common = { ...plainMount, destination: cleanPath(target), writable: !spec.ReadOnly };
  switch (spec.Type) {
    case "bind":
      return { ...common, type: "bind", ...bindPart(spec, invalid) };
    case "volume":
      return { ...common, type: "volume", mode: "z", ...volumePart(spec, invalid) };
    case "tmpfs":
      if (spec.Source) throw invalid("field Source must not be specified");
      return { ...common, type: "tmpfs", source: "", options: tmpfsWords(spec) };
    case "image":
      return { ...common, type: "image", ...imagePart(spec, invalid) };
    case "cluster":
      throw invalid("cluster volumes need a swarm, which this engine is no part of");
    default:
      throw invalid("mount type unknown");
  }
}

function bindPart(spec: MountSpec, invalid: Invalid) {
  const source = spec.Source ?? "";
  if (source === "") throw invalid("field Source must not be empty");
  if (!source.startsWith("/")) {
    throw invalid(`invalid mount path: '${source}' mount path must be absolute`);
  }
  const options = spec.BindOptions ?? {};
  const propagation = options.Propagation ?? "";
  if (propagation !== "" && !propagations.has(propagation)) {
    throw invalid(`invalid propagation mode: ${propagation}`);
  }
  checkReadOnly(spec, invalid);
  return {
    source: cleanPath(source),
    propagation,
    nonRecursive: options.NonRecursive ?? false,
    shallowReadOnly: options.ReadOnlyNonRecursive ?? false,
    createSource: options.CreateMountpoint ?? false,
  };
}

/** How deep "read-only" goes is a question for read-only binds alone, and has one answer. */
function checkReadOnly(spec: MountSpec, invalid: Invalid): void {
  const {
    ReadOnlyNonRecursive: shallow,
    ReadOnlyForceRecursive: deep,
    NonRecursive: flat,
  } = spec.BindOptions ?? {};
  const word = deep ? "ReadOnlyForceRecursive" : "ReadOnlyNonRecursive";
  if ((shallow || deep) && !spec.ReadOnly) throw invalid(`${word} requires ReadOnly to be set`);
  if (shallow && deep) {
    throw invalid("ReadOnlyNonRecursive and ReadOnlyForceRecursive are mutually exclusive");
  }
  if (deep && flat) throw invalid("NonRecursive and ReadOnlyForceRecursive are mutually exclusive");
  if (deep && spec.BindOptions?.Propagation !== "rprivate") {
    throw invalid('ReadOnlyForceRecursive requires Propagation to be "rprivate"');
  }
}

function volumePart(spec: MountSpec, invalid: Invalid) {
  const options = spec.VolumeOptions;
  if (!spec.Source && options?.Subpath) throw invalid("must not set Subpath when using anonymous volumes");
  return {
    source: spec.Source ?? "",
    noCopy: options?.NoCopy ?? false,
    ...(options?.Labels ? { labels: options.Labels } : {}),
    ...(options?.DriverConfig?.Name ? { driver: options.DriverConfig.Name } : {}),
    ...(options?.DriverConfig?.Options ? { driverOptions: options.DriverConfig.Options } : {}),
    ...(options?.Subpath ? { subpath: checkSubpath(options.Subpath, "volume") } : {}),
  };
}

function imagePart(spec: MountSpec, invalid: Invalid) {
  if (!spec.Source) throw invalid("field Source must not be empty");
  const subpath = spec.ImageOptions?.Subpath;
  return { source: spec.Source, ...(subpath ? { subpath: checkSubpath(subpath, "image") } : {}) };
}

function checkForeignOptions(spec: MountSpec, invalid: Invalid): void {
  const owners = [
    ["bind", "BindOptions", spec.BindOptions],
    ["volume", "VolumeOptions", spec.VolumeOptions],
    ["tmpfs", "TmpfsOptions", spec.TmpfsOptions],
    ["image", "ImageOptions", spec.ImageOptions],
  ] as const;
  const foreign = owners.find(([type, , value]) => value && type !== spec.Type);
  if (foreign) throw invalid(`field ${foreign[1]} must not be specified`);
}
