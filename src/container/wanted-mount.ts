import { normalize } from "node:path";
import { EngineError } from "../base/index.ts";

/** One file system that a container asks for; nothing has been looked up or made yet. */
export interface WantedMount {
  readonly type: "bind" | "volume" | "tmpfs" | "image";
  /** Host path, volume name, image, or empty (anonymous volume, tmpfs). */
  readonly source: string;
  readonly destination: string;
  readonly mode: string;
  readonly writable: boolean;
  readonly propagation: string;
  readonly noCopy: boolean;
  readonly nonRecursive: boolean;
  /** Read-only reaches the source alone, not the mounts below it. */
  readonly shallowReadOnly: boolean;
  /** A missing bind source is made as a directory. */
  readonly createSource: boolean;
  readonly labels?: Readonly<Record<string, string>>;
  readonly driver?: string;
  readonly driverOptions?: Readonly<Record<string, string>>;
  readonly subpath?: string;
  readonly options?: readonly string[];
}

/** What nobody said. */
export const plainMount = {
  mode: "",
  writable: true,
  propagation: "",
  noCopy: false,
  nonRecursive: false,
  shallowReadOnly: false,
  createSource: false,
} as const;

export const propagations: ReadonlySet<string> = new Set([
  "private",
  "rprivate",
  "shared",
  "rshared",
  "slave",
  "rslave",
]);

/** Without `.`, `..`, double and trailing slashes. */
export function cleanPath(path: string): string {
  const clean = normalize(path);
  return clean.length > 1 ? clean.replace(/\/+$/, "") : clean;
}

/** A path inside of a volume or image; throws `invalid` for one that leads out. */
export function checkSubpath(subpath: string, what: string): string {
  if (subpath.startsWith("/") || subpath.split("/").includes("..")) {
    throw new EngineError("invalid", `subpath must be a relative path within the ${what}: ${subpath}`, {
      subject: subpath,
    });
  }
  return subpath;
}
