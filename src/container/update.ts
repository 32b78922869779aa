import { EngineError } from "../base/index.ts";
import type { HostConfig, Resources } from "../wire/index.ts";
import type { Collaborators } from "./collaborators.ts";
import { announceContainer } from "./facts.ts";
import { resourcesOf } from "./resources.ts";
import { parseRestartPolicy } from "./restart-policy.ts";
import { checkResources } from "./validate.ts";

export type UpdateRequest = Resources & Pick<HostConfig, "RestartPolicy">;

/** Changes limits and restart policy, of a running container at once. What is absent or zero stays. */
export async function updateContainer(
  needs: Pick<Collaborators, "store" | "announce" | "step">,
  reference: string,
  request: UpdateRequest,
): Promise<void> {
  const { id } = needs.store.get(reference);
  await needs.store.locks.run(id, async () => {
    const record = needs.store.get(id);
    const hostConfig = mergeUpdate(record.hostConfig, request);
    checkResources(hostConfig);
    if (hostConfig.AutoRemove && parseRestartPolicy(hostConfig.RestartPolicy).name !== "no") {
      throw new EngineError(
        "invalid",
        "Restart policy cannot be updated because AutoRemove is enabled for the container",
        {
          subject: id,
        },
      );
    }
    await needs.store.live(id).task?.update(resourcesOf(hostConfig));
    needs.step("update:applied");
    const updated = { ...record, hostConfig };
    needs.store.put(updated);
    announceContainer(needs.announce, updated, "update");
  });
}

function mergeUpdate(host: HostConfig, request: UpdateRequest): HostConfig {
  const { RestartPolicy: policy, ...limits } = request;
  const given = Object.entries(limits).filter(
    ([, value]) =>
      value !== null && value !== undefined && value !== 0 && value !== "" && !isEmptyList(value),
  );
  return {
    ...host,
    ...Object.fromEntries(given),
    ...(policy?.Name ? { RestartPolicy: policy } : {}),
  };
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}
