import { EngineError } from "../base/index.ts";
import { formatReference, parseReference, withDefaultTag } from "../oci/index.ts";

/** Where an image is or goes. */
export type Locator =
  /** `docker://host/name[:tag|@digest]`: a registry. */
  | { readonly kind: "registry"; readonly repository: string; readonly reference: string }
  /** `oci:/path[:name]`: a directory in OCI layout on the engine's machine. */
  | { readonly kind: "layout"; readonly path: string; readonly name: string | undefined }
  /** `docker-archive:/path[:name]`: what `docker save` writes. */
  | { readonly kind: "archive"; readonly path: string; readonly name: string | undefined }
  /** `engine:name`, or the bare name: the engine itself. */
  | { readonly kind: "engine"; readonly name: string }
  /** `engine+unix:///path#name`, `engine+tcp://127.0.0.1:port#name`: another engine, Gantry's or Docker's. */
  | { readonly kind: "remote"; readonly host: string; readonly name: string };

/** Parses a place of an image; throws `invalid`. */
export function parseLocator(text: string): Locator {
  const registry = /^docker:\/\/(.+)$/.exec(text)?.[1];
  if (registry !== undefined) return parseRegistry(registry);
  const remote = /^engine\+((?:unix|tcp):\/\/[^#]+)#(.+)$/.exec(text);
  if (remote) return { kind: "remote", host: remote[1] ?? "", name: remote[2] ?? "" };
  const file = /^(oci|docker-archive):([^:]+)(?::(.+))?$/.exec(text);
  if (file) return parseFile(text, file);
  const name = text.startsWith("engine:") ? text.slice("engine:".length) : text;
  if (name === "" || /^[a-z+-]+:\/\//.test(name) || text.startsWith("engine+")) throw invalid(text);
  return { kind: "engine", name };
}

function parseRegistry(name: string): Locator {
  const { domain, path, tag, digest } = withDefaultTag(parseReference(name));
  return { kind: "registry", repository: `${domain}/${path}`, reference: digest ?? tag ?? "latest" };
}

function parseFile(text: string, [, scheme, path = "", name]: readonly (string | undefined)[]): Locator {
  if (!path.startsWith("/")) throw invalid(text, "its path must be absolute");
  if (scheme === "oci") return { kind: "layout", path, name };
  const full = name === undefined ? undefined : formatReference(withDefaultTag(parseReference(name)));
  return { kind: "archive", path, name: full };
}

function invalid(text: string, why?: string): EngineError {
  const forms =
    "docker://HOST/NAME, oci:/PATH[:NAME], docker-archive:/PATH[:NAME], engine:NAME, engine+unix:///SOCKET#NAME";
  return new EngineError("invalid", `invalid place of an image "${text}": ${why ?? `use ${forms}`}`, {
    subject: text,
  });
}
