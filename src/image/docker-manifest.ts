import { EngineError, messageOf } from "../base/index.ts";

/** One image in the `manifest.json` of a `docker save` archive. */
export interface DockerManifestEntry {
  /** Path of the config in the archive. */
  readonly config: string;
  readonly names: readonly string[];
  /** Paths of the layers, lowest first. */
  readonly layers: readonly string[];
}

/** Parses `manifest.json`; throws `invalid`. */
export function parseDockerManifest(text: string): readonly DockerManifestEntry[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw refuse(messageOf(error));
  }
  if (!Array.isArray(value)) throw refuse("it is not a list");
  return value.map(parseEntry);
}

function parseEntry(value: unknown): DockerManifestEntry {
  if (typeof value !== "object" || value === null) throw refuse("an entry is not an object");
  const fields: Readonly<Record<string, unknown>> = { ...value };
  if (typeof fields.Config !== "string") throw refuse("an entry has no Config");
  return {
    config: fields.Config,
    names: texts(fields.RepoTags, "RepoTags"),
    layers: texts(fields.Layers, "Layers"),
  };
}

function texts(value: unknown, name: string): readonly string[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value) && value.every((one) => typeof one === "string")) return value;
  throw refuse(`${name} is not a list of texts`);
}

function refuse(why: string): EngineError {
  return new EngineError("invalid", `Cannot parse manifest.json: ${why}`, { subject: "manifest.json" });
}
