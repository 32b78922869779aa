import { isKind, messageOf } from "../base/index.ts";
import { buildImage, pullImage } from "./build.ts";
import type { ComposeClient } from "./compose-client.ts";
import type { Perform, Performed, StepContext } from "./execute.ts";
import type { Operation } from "./operation.ts";
import { waitForContainer } from "./wait.ts";

/** Carries out operations with the calls of `client`: one operation, one call. */
export function performWith(client: ComposeClient): Perform {
  return async (operation, context) => {
    const performed = await call(operation, client, context);
    return isLeft(performed) ? performed : undefined;
  };
}

function call(operation: Operation, client: ComposeClient, context: StepContext): Promise<unknown> {
  const { containers, images, networks, volumes } = client;
  const { signal } = context;
  switch (operation.kind) {
    case "BuildImage":
      return buildImage(client, operation, context);
    case "PullImage":
      return pullImage(client, operation, context);
    case "RemoveImage":
      return leftIfUsed(images.remove(operation.image, { signal }));
    case "CreateNetwork":
      return networks.create(operation.request, { signal });
    case "RemoveNetwork":
      return leftIfUsed(networks.remove(operation.id, { signal }));
    case "CreateVolume":
      return volumes.create(operation.request, { signal });
    case "RemoveVolume":
      return leftIfUsed(volumes.remove(operation.name, { signal }));
    case "CreateContainer":
      return containers.create(operation.request, {
        name: operation.name,
        platform: operation.platform,
        signal,
      });
    case "StartContainer":
      return containers.start(operation.container.ref, { signal });
    case "StopContainer":
      return unlessGone(containers.stop(operation.container.ref, { timeout: operation.timeout, signal }));
    case "RestartContainer":
      return containers.restart(operation.container.ref, { timeout: operation.timeout, signal });
    case "KillContainer":
      return unlessGone(containers.kill(operation.container.ref, { killSignal: operation.signal, signal }));
    case "PauseContainer":
      return containers.pause(operation.container.ref, { signal });
    case "UnpauseContainer":
      return containers.unpause(operation.container.ref, { signal });
    case "RemoveContainer": {
      const { volumes: withVolumes, force } = operation;
      return unlessGone(containers.remove(operation.container.ref, { volumes: withVolumes, force, signal }));
    }
    case "RenameContainer":
      return containers.rename(operation.container.ref, operation.to, { signal });
    case "WaitContainer":
      return waitFor(client, operation, signal);
  }
}

async function waitFor(
  client: ComposeClient,
  { container, until, optional }: Extract<Operation, { kind: "WaitContainer" }>,
  signal: AbortSignal,
): Promise<Performed> {
  try {
    await waitForContainer(client, container, { until, signal });
    return undefined;
  } catch (error) {
    if (!optional || signal.aborted) throw error;
    return { leftBecause: `optional ${messageOf(error)}` };
  }
}

/** What is wanted away and is away already is no failure. */
async function unlessGone(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!isKind(error, "not-found")) throw error;
  }
}

/** What others still use stays, with a word about it. */
async function leftIfUsed(work: Promise<unknown>): Promise<Performed> {
  try {
    await unlessGone(work);
    return undefined;
  } catch (error) {
    if (isKind(error, "conflict") || (isKind(error, "denied") && /active endpoints/.test(messageOf(error)))) {
      return { leftBecause: "Resource is still in use" };
    }
    throw error;
  }
}

function isLeft(value: unknown): value is { readonly leftBecause: string } {
  return typeof value === "object" && value !== null && "leftBecause" in value;
}
