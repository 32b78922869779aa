import { EngineError } from "../base/index.ts";
import type { Task } from "../runtime/index.ts";
import type { Collaborators } from "./collaborators.ts";
import { announceContainer } from "./facts.ts";
import { isLive } from "./state.ts";
import type { ContainerRecord } from "./types.ts";

type Needs = Pick<Collaborators, "store" | "announce" | "step">;

/** Freezes all processes of a container; throws `conflict` when it does not run or is paused already. */
export async function pauseContainer(needs: Needs, reference: string): Promise<void> {
  const { id } = needs.store.get(reference);
  await needs.store.locks.run(id, async () => {
    const { record, task } = runningTask(needs, id);
    if (record.state.phase === "paused") throw conflict(`Container ${id} is already paused`, id);
    await task.pause();
    needs.step("pause:frozen");
    announceContainer(needs.announce, needs.store.transition(id, { kind: "paused" }), "pause");
  });
}

/** Lets a paused container go on; throws `conflict` when it is not paused. */
export async function unpauseContainer(needs: Needs, reference: string): Promise<void> {
  const { id } = needs.store.get(reference);
  await needs.store.locks.run(id, async () => {
    const { record, task } = runningTask(needs, id);
    if (record.state.phase !== "paused") throw conflict(`Container ${id} is not paused`, id);
    await task.resume();
    needs.step("unpause:thawed");
    announceContainer(needs.announce, needs.store.transition(id, { kind: "resumed" }), "unpause");
  });
}

/** The task of a container that has processes; throws `conflict` with Docker's words for any other. */
export function runningTask(
  needs: Pick<Collaborators, "store">,
  reference: string,
): { record: ContainerRecord; task: Task } {
  const record = needs.store.get(reference);
  const { task } = needs.store.live(record.id);
  if (record.state.phase === "restarting") {
    throw conflict(`Container ${record.id} is restarting, wait until the container is running`, record.id);
  }
  if (!task || !isLive(record.state)) throw conflict(`container ${record.id} is not running`, record.id);
  return { record, task };
}

function conflict(message: string, subject: string): EngineError {
  return new EngineError("conflict", message, { subject });
}
