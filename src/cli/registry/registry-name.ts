/** Under which Docker keeps the credentials of Docker Hub, for historical reasons. */
export const hubKey = "https://index.docker.io/v1/";

/** Under which the credentials for an image's registry are kept: its host, or Docker Hub's URL. */
export function registryKey(reference: string): string {
  const slash = reference.indexOf("/");
  const first = slash < 0 ? "" : reference.slice(0, slash);
  const isDomain = first === "localhost" || /[.:]/.test(first) || first.toLowerCase() !== first;
  return isDomain ? serverKey(first) : hubKey;
}

/** Under which the credentials of a server are kept that the user names: `example.com`, `https://example.com/`. */
export function serverKey(server: string): string {
  const host = registryHost(server);
  return host === "docker.io" || host === "index.docker.io" || host === "registry-1.docker.io"
    ? hubKey
    : host;
}

/** The host of a key, which may be a URL. */
export function registryHost(key: string): string {
  return key.replace(/^https?:\/\//, "").split("/", 1)[0] ?? "";
}
