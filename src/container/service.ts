import { messageOf } from "../base/index.ts";
import type { Task } from "../runtime/index.ts";
import type { EndpointSettings } from "../wire/index.ts";
import { exportContainer, readArchive, statPath, type WriteRequest, writeArchive } from "./archive.ts";
import { type AttachRequest, attachContainer, resizeContainer } from "./attach.ts";
import { containerChanges } from "./changes.ts";
import type { Collaborators } from "./collaborators.ts";
import { type CommitRequest, commitContainer } from "./commit.ts";
import { connectContainer, disconnectContainer } from "./connect.ts";
import { type CreateRequest, createContainer } from "./create.ts";
import { Execs } from "./exec.ts";
import { watchExit } from "./exited.ts";
import { announceContainer } from "./facts.ts";
import { watchHealth } from "./health.ts";
import { containerLogs, type LogsRequest } from "./logs.ts";
import { pauseContainer, unpauseContainer } from "./pause.ts";
import { pruneContainers } from "./prune.ts";
import { recoverContainers } from "./recover.ts";
import { type RemoveOptions, removeContainer, removeLocked } from "./remove.ts";
import { renameContainer } from "./rename.ts";
import { reactToUnhealthy, restartContainer } from "./restart.ts";
import { restartByPolicy, startContainer } from "./start.ts";
import { sampleContainer } from "./stats.ts";
import { killContainer, type StopOptions, stopContainer } from "./stop.ts";
import { containerTop } from "./top.ts";
import type { ContainerRecord, Size } from "./types.ts";
import { removeLink } from "./unlink.ts";
import { type UpdateRequest, updateContainer } from "./update.ts";
import { type WaitCondition, waitContainer } from "./wait.ts";

/** The verbs on containers, each bound to the few collaborators it uses. */
export type ContainerService = ReturnType<typeof createContainerService>;

/** Binds the verbs, and the roads that lead from one to another: exit → restart or removal, start → health. */
export function createContainerService(needs: Collaborators) {
  const execs = new Execs(needs);
  const hooks = createHooks(needs, execs);
  return {
    execs,
    store: needs.store,
    create: (request: CreateRequest) => createContainer(needs, request),
    start: (reference: string) => startContainer(needs, hooks, reference),
    stop: (reference: string, options: StopOptions) => stopContainer(needs, reference, options),
    kill: (reference: string, signal: string) => killContainer(needs, reference, signal),
    restart: (reference: string, options: StopOptions) => restartContainer(needs, hooks, reference, options),
    pause: (reference: string) => pauseContainer(needs, reference),
    unpause: (reference: string) => unpauseContainer(needs, reference),
    wait: (reference: string, options: { condition: WaitCondition; signal: AbortSignal }) =>
      waitContainer(needs, reference, options),
    rename: (reference: string, name: string) => renameContainer(needs, reference, name),
    remove: (reference: string, options: RemoveOptions) => removeContainer(needs, reference, options),
    removeLink: (name: string) => removeLink(needs, name),
    attach: (reference: string, request: AttachRequest) => attachContainer(needs, reference, request),
    resize: (reference: string, size: Size) => resizeContainer(needs, reference, size),
    logs: (reference: string, request: LogsRequest) => containerLogs(needs, reference, request),
    changes: (reference: string) => containerChanges(needs, reference),
    top: (reference: string, psArguments: string) => containerTop(needs, reference, psArguments),
    update: (reference: string, request: UpdateRequest) => updateContainer(needs, reference, request),
    connect: (network: string, reference: string, settings: EndpointSettings) =>
      connectContainer(needs, network, reference, settings),
    disconnect: (network: string, reference: string) => disconnectContainer(needs, network, reference),
    prune: (matches: (record: ContainerRecord) => boolean) => pruneContainers(needs, matches),
    sample: (reference: string) => sampleContainer(needs, reference),
    readArchive: (reference: string, path: string, signal: AbortSignal) =>
      readArchive(needs, reference, path, signal),
    statPath: (reference: string, path: string, signal: AbortSignal) =>
      statPath(needs, reference, path, signal),
    writeArchive: (reference: string, archive: AsyncIterable<Uint8Array>, request: WriteRequest) =>
      writeArchive(needs, reference, archive, request),
    exportRoot: (reference: string, signal: AbortSignal) => exportContainer(needs, reference, signal),
    commit: (reference: string, request: CommitRequest) => commitContainer(needs, reference, request),
    /** A client let go of a container with the detach keys. */
    announceDetach: (reference: string): void => {
      const record = needs.store.find(reference);
      if (record) announceContainer(needs.announce, record, "detach");
    },
    recover: async () => {
      const recovered = await recoverContainers(needs);
      return { alive: recovered.alive, settle: () => recovered.settle(hooks) };
    },
    /** Stops timers and probes; containers go on. */
    close: () => {
      for (const { id } of needs.store.list()) {
        const live = needs.store.live(id);
        live.cancelRestart();
        live.health?.[Symbol.dispose]();
      }
    },
  };
}

function createHooks(needs: Collaborators, execs: Execs) {
  const hooks = {
    started(record: ContainerRecord, task: Task): void {
      const live = needs.store.live(record.id);
      live.task = task;
      const unhealthy = (id: string): void => void reactToUnhealthy(needs, hooks, id);
      live.health = watchHealth({ ...needs, execs, unhealthy }, record);
      watchExit(needs, hooks, record.id, task);
    },
    async failed(record: ContainerRecord, byPolicy: boolean): Promise<void> {
      // Whoever asked for the start hears of it; whoever waits for the end of the last run does so here.
      if (byPolicy) {
        const { exitCode } = record.state;
        needs.store.endings.emit({ id: record.id, kind: "exited", exitCode, error: "" });
      }
      if (record.hostConfig.AutoRemove) await removeLocked(needs, record, { volumes: true });
    },
    async remove(record: ContainerRecord): Promise<void> {
      await removeLocked(needs, record, { volumes: true });
    },
    restart(id: string): void {
      restartByPolicy(needs, hooks, id).catch((error: unknown) => {
        needs.log.warn("cannot restart a container", { container: id, error: messageOf(error) });
      });
    },
  };
  return hooks;
}
