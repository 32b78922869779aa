import { normalize } from "node:path";
import { EngineError } from "../base/index.ts";
import type { MountSpec } from "../wire/index.ts";

/** One file system that a container asks for; nothing has been looked up or made yet. */
export interface WantedMount {
  readonly type: "bind" | "volume" | "tmpfs";
  /** Host path, volume name, or empty (anonymous volume, tmpfs). */
  readonly source: string;
  readonly destination: string;
  readonly mode: string;
  readonly writable: boolean;
  readonly propagation: string;
  readonly noCopy: boolean;
  readonly nonRecursive: boolean;
  /** A missing bind source is made as a directory. */
  readonly createSource: boolean;
  readonly labels?: Readonly<Record<string, string>>;
  readonly driver?: string;
  readonly driverOptions?: Readonly<Record<string, string>>;
  readonly subpath?: string;
  readonly options?: readonly string[];
}

const propagations = new Set(["private", "rprivate", "shared", "rshared", "slave", "rslave"]);
const plainModes = new Set(["z", "Z", "cached", "consistent", "delegated", "nocopy"]);
const base = {
  mode: "",
  writable: true,
  propagation: "",
  noCopy: false,
  nonRecursive: false,
  createSource: false,
} as const;

/** Parses `-v` as the API carries it: `src:dst[:opts]` or `dst`; throws `invalid` with Docker's words. */
export function parseBind(text: string): WantedMount {
  const parts = text.split(":");
  const [first = "", second = "", mode = ""] = parts;
  if (parts.length > 3 || (parts.length > 1 && (first === "" || second === "")) || text === "") {
    throw invalidBind(text, "invalid volume specification");
  }
  if (parts.length === 1)
    return { ...base, type: "volume", source: "", destination: checkTarget(first, text) };
  const isPath = first.startsWith("/");
  const flags = parseMode(mode, text);
  return {
    ...base,
    type: isPath ? "bind" : "volume",
    source: isPath ? cleanPath(first) : checkSource(first, text),
    destination: checkTarget(second, text),
    createSource: isPath,
    ...flags,
  };
}

/** Parses one entry of `HostConfig.Mounts`; throws `invalid` with Docker's words. */
export function parseMount(spec: MountSpec): WantedMount {
  const invalid = (why: string): EngineError =>
    new EngineError("invalid", `invalid mount config for type "${spec.Type}": ${why}`, {
      subject: spec.Target ?? "",
    });
  const target = spec.Target ?? "";
  if (target === "") throw invalid("field Target must not be empty");
  if (!target.startsWith("/")) throw invalid(`invalid mount path: '${target}' mount path must be absolute`);
  if (cleanPath(target) === "/") throw invalid("invalid specification: destination can't be '/'");
  checkForeignOptions(spec, invalid);
  const common = { ...base, destination: cleanPath(target), writable: !spec.ReadOnly };
  switch (spec.Type) {
    case "bind":
      return { ...common, type: "bind", ...bindSource(spec, invalid) };
    case "volume":
      return { ...common, type: "volume", mode: "z", ...volumeSource(spec) };
    case "tmpfs":
      if (spec.Source) throw invalid("field Source must not be specified");
      return { ...common, type: "tmpfs", source: "", options: tmpfsWords(spec) };
    default:
      throw invalid("this mount type is not supported");
  }
}

/** Parses an entry of `HostConfig.Tmpfs`: path and mount words such as `size=64m,exec`. */
export function parseTmpfs(path: string, words: string): WantedMount {
  if (!path.startsWith("/") || cleanPath(path) === "/") {
    throw new EngineError("invalid", `invalid mount path: '${path}' mount path must be absolute`, {
      subject: path,
    });
  }
  const own = words.split(",").filter((word) => word !== "");
  const bad = own.find(
    (word) => !/^(size|mode|uid|gid|nr_inodes|nr_blocks|mpol)=[\w:%-]+$|^[a-z]+$/.test(word),
  );
  if (bad !== undefined) {
    throw new EngineError("invalid", `invalid tmpfs option ["${bad}"]`, { subject: bad });
  }
  return {
    ...base,
    type: "tmpfs",
    source: "",
    destination: cleanPath(path),
    writable: !own.includes("ro"),
    options: withTmpfsDefaults(own),
  };
}

function withTmpfsDefaults(own: readonly string[]): string[] {
  const opposite: Readonly<Record<string, string>> = { noexec: "exec", nosuid: "suid", nodev: "dev" };
  const kept = Object.keys(opposite).filter((word) => !own.includes(opposite[word] ?? ""));
  return [...new Set([...kept, ...own])];
}

function tmpfsWords(spec: MountSpec): string[] {
  const size = spec.TmpfsOptions?.SizeBytes;
  const mode = spec.TmpfsOptions?.Mode;
  return withTmpfsDefaults([
    ...(size ? [`size=${size}`] : []),
    ...(mode ? [`mode=${mode.toString(8)}`] : []),
    ...(spec.ReadOnly ? ["ro"] : []),
  ]);
}

function bindSource(spec: MountSpec, invalid: (why: string) => EngineError) {
  const source = spec.Source ?? "";
  if (source === "") throw invalid("field Source must not be empty");
  if (!source.startsWith("/")) {
    throw invalid(`invalid mount path: '${source}' mount path must be absolute`);
  }
  const propagation = spec.BindOptions?.Propagation ?? "";
  if (propagation !== "" && !propagations.has(propagation)) {
    throw invalid(`invalid propagation mode: ${propagation}`);
  }
  return {
    source: cleanPath(source),
    propagation,
    nonRecursive: spec.BindOptions?.NonRecursive ?? false,
    createSource: spec.BindOptions?.CreateMountpoint ?? false,
  };
}

function volumeSource(spec: MountSpec) {
  const options = spec.VolumeOptions;
  return {
    source: spec.Source ?? "",
    noCopy: options?.NoCopy ?? false,
    ...(options?.Labels ? { labels: options.Labels } : {}),
    ...(options?.DriverConfig?.Name ? { driver: options.DriverConfig.Name } : {}),
    ...(options?.DriverConfig?.Options ? { driverOptions: options.DriverConfig.Options } : {}),
    ...(options?.Subpath ? { subpath: checkSubpath(options.Subpath) } : {}),
  };
}

function checkSubpath(subpath: string): string {
  if (subpath.startsWith("/") || subpath.split("/").includes("..")) {
    throw new EngineError("invalid", `subpath must be a relative path within the volume: ${subpath}`, {
      subject: subpath,
    });
  }
  return subpath;
}

function checkForeignOptions(spec: MountSpec, invalid: (why: string) => EngineError): void {
  const owners = [
    ["bind", "BindOptions", spec.BindOptions],
    ["volume", "VolumeOptions", spec.VolumeOptions],
    ["tmpfs", "TmpfsOptions", spec.TmpfsOptions],
  ] as const;
  const foreign = owners.find(([type, , value]) => value && type !== spec.Type);
  if (foreign) throw invalid(`field ${foreign[1]} must not be specified`);
}

function parseMode(mode: string, text: string) {
  const words = mode.split(",").filter((word) => word !== "");
  let writable = true;
  let propagation = "";
  for (const word of words) {
    if (word === "ro") writable = false;
    else if (propagations.has(word)) propagation = word;
    else if (word !== "rw" && !plainModes.has(word)) throw invalidBind(text, `invalid mode: ${mode}`);
  }
  return { mode, writable, propagation, noCopy: words.includes("nocopy") };
}

function checkTarget(path: string, text: string): string {
  if (!path.startsWith("/"))
    throw invalidBind(text, `invalid mount path: '${path}' mount path must be absolute`);
  const clean = cleanPath(path);
  if (clean === "/") throw invalidBind(text, "invalid specification: destination can't be '/'");
  return clean;
}

function checkSource(name: string, text: string): string {
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name)) return name;
  throw invalidBind(
    text,
    `create ${name}: "${name}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
  );
}

function cleanPath(path: string): string {
  const clean = normalize(path);
  return clean.length > 1 ? clean.replace(/\/+$/, "") : clean;
}

function invalidBind(text: string, why: string): EngineError {
  return new EngineError(
    "invalid",
    why.includes(text) ? why : `invalid volume specification: '${text}': ${why}`,
    {
      subject: text,
    },
  );
}
