import type { ImageCopyRequest, ProgressMessage } from "../wire/index.ts";
import type { Progress } from "./images.ts";
import { jsonLines } from "./json-lines.ts";
import type { Cancel } from "./options.ts";
import type { Transport } from "./transport.ts";

/** Images from place to place. Gantry's own: Docker's engine answers `not-found`. */
export interface TransfersClient {
  /** Copies an image between registries, layouts, archives and engines. */
  copy(request: ImageCopyRequest, options?: Cancel): Progress;
}

export function transfersClient(transport: Transport): TransfersClient {
  return {
    copy: async function* (json, { signal } = {}) {
      const reply = await transport.send({ method: "POST", path: "/gantry/images/copy", json, signal });
      yield* jsonLines<ProgressMessage>(reply.body);
    },
  };
}
