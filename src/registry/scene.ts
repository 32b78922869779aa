import { messageOf } from "../base/index.ts";
import { RegistryError } from "./error.ts";
import type { RepositoryName } from "./names.ts";
import { persist } from "./retry.ts";
import { type Ask, ask } from "./session.ts";
import { createShared } from "./shared.ts";
import { homeSite, mirrorSite, type Site, type SiteNeeds } from "./site.ts";
import type { Answer } from "./transport.ts";
import type { Cancel, RegistryCredentials, RegistryLimits } from "./types.ts";

/** Requests of one repository. */
export interface RepositoryAsk extends Omit<Ask, "scopes" | "path"> {
  /** Below the repository (`manifests/latest`), or a whole URL that the registry has given. */
  readonly path: string | URL;
}

/** One repository and the ways to it. */
export interface Scene {
  readonly name: RepositoryName;
  readonly limits: RegistryLimits;
  /** Asks with the rights that have been claimed so far. */
  ask(site: Site, request: RepositoryAsk): Promise<Answer>;
  /** Claims the right to push, and to read from other repositories of the registry. */
  claim(mountFrom: readonly string[]): void;
  /** The mirrors. */
  readonly mirrors: readonly Site[];
  /** Tells of a mirror that failed; throws `error` when it is not a registry's. */
  passOver(mirror: Site, error: unknown): void;
  /** The registry itself. */
  home(options: Cancel): Promise<Site>;
  /** Reads from the first site that can: each mirror once, then the registry with patience. */
  read<T>(options: Cancel, attempt: (site: Site) => Promise<T>): Promise<T>;
  /** Writes to the registry itself, with patience. */
  write<T>(options: Cancel, attempt: (site: Site) => Promise<T>): Promise<T>;
}

export interface SceneNeeds extends SiteNeeds {
  readonly limits: RegistryLimits;
  readonly mirrors: readonly string[];
  readonly credentials: RegistryCredentials | undefined;
  /** Called with what a mirror failed with, before the next is asked. */
  passedOver(mirror: string, reason: string): void;
}

export function createScene(name: RepositoryName, needs: SceneNeeds): Scene {
  const mirrors = needs.mirrors.map((base) => mirrorSite(needs, base, name.domain));
  const others = new Set<string>();
  let pushes = false;
  const known = createShared<Site>();

  const home: Scene["home"] = ({ signal }) =>
    known.get(
      () => homeSite(needs, name.domain, { credentials: needs.credentials, asked: name.asked, signal }),
      signal,
    );
  const scopes = (): string[] => [
    `repository:${name.path}:${pushes ? "pull,push" : "pull"}`,
    ...[...others].map((path) => `repository:${path}:pull`),
  ];
  const write: Scene["write"] = (options, attempt) =>
    persist(async () => attempt(await home(options)), needs.limits, options.signal);
  const passOver: Scene["passOver"] = (mirror, error) => {
    if (!(error instanceof RegistryError)) throw error;
    needs.passedOver(mirror.base.host, messageOf(error));
  };
  return {
    name,
    limits: needs.limits,
    mirrors,
    home,
    write,
    passOver,
    ask(site, request) {
      const { path } = request;
      const whole = typeof path === "string" ? `v2/${name.path}/${path}` : path;
      return ask(needs.send, site, { ...request, path: whole, scopes: scopes() });
    },
    claim(mountFrom) {
      pushes = true;
      for (const path of mountFrom) others.add(path);
    },
    async read(options, attempt) {
      for (const mirror of mirrors) {
        try {
          return await attempt(mirror);
        } catch (error) {
          passOver(mirror, error);
        }
      }
      return write(options, attempt);
    },
  };
}
