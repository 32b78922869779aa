import type { Logger } from "../base/index.ts";
import { defaultLimits } from "./limits.ts";
import { parseRepositoryName } from "./names.ts";
import { createReach } from "./reach.ts";
import { createRepository } from "./repository.ts";
import { createScene } from "./scene.ts";
import { createTransport } from "./transport.ts";
import type { RegistryClient, RegistryOptions } from "./types.ts";

/** A client that reaches registries as `options` say. Holds nothing open between operations. */
export function createRegistryClient(options: RegistryOptions, log: Logger): RegistryClient {
  const limits = { ...defaultLimits, ...options.limits };
  return {
    repository(text, { credentials } = {}) {
      const name = parseRepositoryName(text);
      const reach = createReach(options);
      const send = createTransport(reach, limits, options.userAgent);
      const scene = createScene(name, {
        send,
        reach,
        limits,
        credentials,
        mirrors: options.mirrors[name.domain] ?? [],
        passedOver: (mirror, reason) => log.warn("a mirror failed", { mirror, reason }),
      });
      return createRepository(scene);
    },
  };
}
