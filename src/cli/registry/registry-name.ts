import { ExitError } from "../exit.ts";

/** Under which Docker keeps the credentials of Docker Hub, for historical reasons. */
export const hubKey = "https://index.docker.io/v1/";

/** Under which the credentials for an image's registry are kept: its host, or Docker Hub's URL. */
export function registryKey(reference: string): string {
  const domain = domainOf(reference);
  return domain === undefined ? hubKey : serverKey(domain);
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

const component = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const reference = new RegExp(
  `^(?:[\\w.-]+(?::\\d+)?|\\[[0-9a-fA-F:]+\\](?::\\d+)?)/${component}(?:/${component})*(?::\\w[\\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$`,
);

/** The full spelling of a reference, with `latest` where it has neither tag nor digest. Throws in Docker's words. */
export function fullReference(text: string): string {
  const domain = domainOf(text);
  const rest = domain === undefined ? text : text.slice(domain.length + 1);
  const hub = domain === undefined || domain === "docker.io" || domain === "index.docker.io";
  const path = hub && !rest.includes("/") ? `library/${rest}` : rest;
  const named = `${hub ? "docker.io" : domain}/${path}`;
  if (!reference.test(named)) throw new ExitError(1, "invalid reference format");
  return /[:@]/.test(path) ? named : `${named}:latest`;
}

/** The registry's host in front of a reference, where there is one. */
function domainOf(text: string): string | undefined {
  const slash = text.indexOf("/");
  const first = slash < 0 ? "" : text.slice(0, slash);
  const isDomain = first === "localhost" || /[.:]/.test(first) || first.toLowerCase() !== first;
  return isDomain ? first : undefined;
}
