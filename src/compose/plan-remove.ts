import type { Draft } from "./graph.ts";
import type { ObservedContainer } from "./observe.ts";
import type { ContainerRef } from "./operation.ts";
import { stopStep } from "./plan-resources.ts";

export interface RemoveOptions {
  readonly cause: string;
  readonly needs: readonly number[];
  readonly timeout?: number | undefined;
  /** Whether its anonymous volumes go too. */
  readonly volumes?: boolean;
}

/** Plans to stop a container and remove it; returns the last step. */
export function removeContainer(draft: Draft, container: ObservedContainer, options: RemoveOptions): number {
  const { cause, needs, timeout, volumes = false } = options;
  const running = ["running", "paused", "restarting"].includes(container.state);
  const before = running ? [draft.add({ ...stopStep(container, cause, timeout), needs })] : needs;
  return draft.add({
    resource: `service:${container.service}:${container.number}`,
    operation: { kind: "RemoveContainer", container: refOf(container), volumes, force: true },
    cause,
    needs: before,
    show: { subject: `Container ${container.name}`, working: "Removing", done: "Removed" },
  });
}

/** How a container that is there is addressed and shown. */
export function refOf(container: ObservedContainer): ContainerRef {
  return { ref: container.id, name: container.name };
}
