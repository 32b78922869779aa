import type { Logger } from "../base/index.ts";
import { machineRoots } from "./certificates.ts";
import { defaultLimits } from "./limits.ts";
import { login } from "./login.ts";
import { parseRepositoryName } from "./names.ts";
import { createReach } from "./reach.ts";
import { createRepository } from "./repository.ts";
import { createScene } from "./scene.ts";
import { search } from "./search.ts";
import { createTransport } from "./transport.ts";
import type { RegistryClient, RegistryOptions } from "./types.ts";

/** A client that reaches registries as `options` say. Holds nothing open between operations. */
export function createRegistryClient(options: RegistryOptions, log: Logger): RegistryClient {
  const limits = { ...defaultLimits, ...options.limits };
  let machine: readonly string[] | undefined;
  const roots = (): readonly string[] => (machine ??= machineRoots());
  const waysOut = (insecure: readonly string[] = []) => {
    const reach = createReach({ ...options, insecure: [...options.insecure, ...insecure] }, roots);
    return { reach, limits, send: createTransport(reach, limits, options.userAgent) };
  };
  return {
    login: (credentials, cancel = {}) => login(waysOut(), credentials, cancel),
    search: (term, how = {}) => search(waysOut(), term, how),
    repository(text, { credentials, insecure = false } = {}) {
      const name = parseRepositoryName(text);
      const scene = createScene(name, {
        ...waysOut(insecure ? [name.domain] : []),
        credentials,
        mirrors: options.mirrors[name.domain] ?? [],
        passedOver: (mirror, reason) => log.warn("a mirror failed", { mirror, reason }),
      });
      return createRepository(scene);
    },
  };
}
