import { parseBytes } from "../../base/index.ts";
import type { MountSpec } from "../../wire/index.ts";
import { parseBool } from "../flags/index.ts";
import { resolveIn } from "../resolve-in.ts";
import { compact } from "./compact.ts";
import { cut, splitCsv } from "./csv.ts";

/** Reads a `--mount` flag; a relative source starts at `directory`. Throws in Docker's words. */
export function parseMount(text: string, directory: string): MountSpec {
  const draft: Draft = { type: "volume", directory, labels: {}, driverOptions: {} };
  if (text === "") throw new Error("EOF");
  for (const field of splitCsv(text)) {
    const [rawKey, value] = cut(field.trim(), "=");
    const key = rawKey.toLowerCase();
    if (value === undefined && !booleans.has(key)) {
      throw new Error(`invalid field '${field}' must be a key=value pair`);
    }
    const set = setters[key];
    if (!set) throw new Error(`unexpected key '${rawKey}' in '${field}'`);
    set(draft, value ?? "true", rawKey);
  }
  if (draft.target === undefined) throw new Error("target is required");
  checkOptions(draft);
  return build(draft, { type: draft.type, target: draft.target });
}

interface Draft {
  type: string;
  readonly directory: string;
  source?: string;
  target?: string;
  readOnly?: boolean;
  consistency?: string;
  propagation?: string;
  recursive?: string;
  nonRecursive?: boolean;
  createMountpoint?: boolean;
  noCopy?: boolean;
  volumeSubpath?: string;
  driver?: string;
  readonly driverOptions: Record<string, string>;
  readonly labels: Record<string, string>;
  imageSubpath?: string;
  tmpfsSize?: number;
  tmpfsMode?: number;
}

type Setter = (draft: Draft, value: string, key: string) => void;

const setSource: Setter = (draft, value) => {
  draft.source = value === "." || value.startsWith("./") ? resolveIn(draft.directory, value) : value;
};
const setTarget: Setter = (draft, value) => {
  draft.target = value;
};
const setReadOnly: Setter = (draft, value, key) => {
  draft.readOnly = bool(key, value);
};

const setters: Readonly<Record<string, Setter>> = {
  type: (draft, value) => {
    draft.type = value.toLowerCase();
  },
  source: setSource,
  src: setSource,
  target: setTarget,
  dst: setTarget,
  destination: setTarget,
  readonly: setReadOnly,
  ro: setReadOnly,
  consistency: (draft, value) => {
    draft.consistency = value.toLowerCase();
  },
  "bind-propagation": (draft, value) => {
    draft.propagation = value.toLowerCase();
  },
  "bind-recursive": (draft, value, key) => {
    if (!["enabled", "disabled", "writable", "readonly"].includes(value)) {
      throw new Error(
        `invalid value for ${key}: ${value} (must be "enabled", "disabled", "writable", or "readonly")`,
      );
    }
    draft.recursive = value;
  },
  "bind-nonrecursive": (draft, value, key) => {
    draft.nonRecursive = bool(key, value);
  },
  "bind-create-mountpoint": (draft, value, key) => {
    draft.createMountpoint = bool(key, value);
  },
  "volume-nocopy": (draft, value, key) => {
    draft.noCopy = bool(key, value);
  },
  "volume-subpath": (draft, value) => {
    draft.volumeSubpath = value;
  },
  "volume-driver": (draft, value) => {
    draft.driver = value;
  },
  "volume-opt": (draft, value) => {
    const [key, text = ""] = cut(value, "=");
    draft.driverOptions[key] = text;
  },
  "volume-label": (draft, value) => {
    const [key, text = ""] = cut(value, "=");
    draft.labels[key] = text;
  },
  "image-subpath": (draft, value) => {
    draft.imageSubpath = value;
  },
  "tmpfs-size": (draft, value, key) => {
    try {
      draft.tmpfsSize = parseBytes(value);
    } catch {
      throw new Error(`invalid value for ${key}: ${value}`);
    }
  },
  "tmpfs-mode": (draft, value, key) => {
    if (!/^[0-7]+$/.test(value)) throw new Error(`invalid value for ${key}: ${value}`);
    draft.tmpfsMode = Number.parseInt(value, 8);
  },
};

const booleans = new Set(["readonly", "ro", "bind-nonrecursive", "bind-create-mountpoint", "volume-nocopy"]);

function bool(key: string, text: string): boolean {
  const value = parseBool(text);
  if (value === undefined) throw new Error(`invalid value for ${key}: ${text}`);
  return value;
}

function checkOptions(draft: Draft): void {
  const bind = draft.propagation ?? draft.recursive ?? draft.nonRecursive ?? draft.createMountpoint;
  const options = Object.keys(draft.driverOptions).length + Object.keys(draft.labels).length > 0;
  const volume = draft.noCopy ?? draft.volumeSubpath ?? draft.driver ?? (options ? true : undefined);
  const image = draft.imageSubpath;
  const tmpfs = draft.tmpfsSize ?? draft.tmpfsMode;
  const given = { bind, volume, image, tmpfs };
  for (const [type, value] of Object.entries(given)) {
    if (value !== undefined && draft.type !== type) {
      throw new Error(`cannot mix '${type}-*' options with mount type '${draft.type}'`);
    }
  }
  const needs = (word: string): Error =>
    new Error(`option 'bind-recursive=${draft.recursive}' requires '${word}' to be specified in conjunction`);
  const about = draft.recursive === "readonly" || draft.recursive === "writable";
  if (about && !draft.readOnly) throw needs("readonly");
  if (draft.recursive === "readonly" && draft.propagation !== "rprivate") {
    throw needs("bind-propagation=rprivate");
  }
}

function build(draft: Draft, required: { type: MountSpec["Type"]; target: string }): MountSpec {
  return compact<MountSpec>({
    Type: required.type,
    Source: draft.source,
    Target: required.target,
    ReadOnly: draft.readOnly || undefined,
    Consistency: draft.consistency,
    BindOptions: compact<NonNullable<MountSpec["BindOptions"]>>({
      Propagation: draft.propagation,
      NonRecursive: draft.nonRecursive || draft.recursive === "disabled" || undefined,
      CreateMountpoint: draft.createMountpoint || undefined,
      ReadOnlyNonRecursive: draft.recursive === "writable" || undefined,
      ReadOnlyForceRecursive: draft.recursive === "readonly" || undefined,
    }),
    VolumeOptions: compact<NonNullable<MountSpec["VolumeOptions"]>>({
      NoCopy: draft.noCopy || undefined,
      Labels: draft.labels,
      DriverConfig: compact<{ Name?: string; Options?: Record<string, string> }>({
        Name: draft.driver,
        Options: draft.driverOptions,
      }),
      Subpath: draft.volumeSubpath,
    }),
    TmpfsOptions: compact<NonNullable<MountSpec["TmpfsOptions"]>>({
      SizeBytes: draft.tmpfsSize,
      Mode: draft.tmpfsMode,
    }),
    ImageOptions: compact<NonNullable<MountSpec["ImageOptions"]>>({ Subpath: draft.imageSubpath }),
  });
}
