import { describe, expect, test } from "bun:test";
import { EngineError } from "../base/index.ts";
import type { ContainerInspect, EventMessage } from "../wire/index.ts";
import type { WaitFor } from "./operation.ts";
import { type Watchable, waitForContainer } from "./wait.ts";

type State = Partial<ContainerInspect["State"]>;

/** A client whose container goes through `states`, one at each look after an event. */
function clientOf(...states: readonly State[]): Watchable {
  let at = 0;
  return {
    containers: {
      inspect: async () => {
        const state = states[Math.min(at, states.length - 1)];
        at += 1;
        if (state === undefined) throw new EngineError("not-found", "No such container: x", { subject: "x" });
        return { State: state } as ContainerInspect;
      },
    },
    system: {
      openEvents: async () => someEvents(states.length),
    },
  };
}

async function* someEvents(count: number): AsyncGenerator<EventMessage, void> {
  const base = {
    Type: "container",
    scope: "local",
    time: 0,
    timeNano: 0,
    Actor: { ID: "x", Attributes: { exitCode: "3" } },
  } as const;
  for (let n = 0; n < count; n += 1) yield { ...base, Action: "health_status: healthy" };
}

/** Events that never come. */
async function* untilAborted(signal: AbortSignal | undefined): AsyncGenerator<EventMessage, void> {
  const { promise, reject } = Promise.withResolvers<EventMessage>();
  signal?.addEventListener("abort", () => reject(signal.reason));
  yield await promise;
}

const wait = (until: WaitFor, ...states: readonly State[]) =>
  waitForContainer(
    clientOf(...states),
    { ref: "x", name: "p-db-1" },
    { until, signal: new AbortController().signal },
  );

const health = (Status: string): NonNullable<ContainerInspect["State"]["Health"]> => ({
  Status,
  FailingStreak: 0,
  Log: [],
});

describe("waiting for a container", () => {
  test("ends when it is healthy", async () => {
    await wait(
      "healthy",
      { Status: "running", Health: health("starting") },
      { Status: "running", Health: health("healthy") },
    );
  });

  test("fails when it is unhealthy, ends, or has no check", () => {
    const running: State = { Status: "running" };
    expect(wait("healthy", { ...running, Health: health("unhealthy") })).rejects.toThrow(
      "dependency failed to start: container p-db-1 is unhealthy",
    );
    expect(wait("healthy", { Status: "exited", ExitCode: 2 })).rejects.toThrow("container p-db-1 exited (2)");
    expect(wait("healthy", running)).rejects.toThrow("container p-db-1 has no healthcheck configured");
    expect(wait("healthy")).rejects.toThrow("container p-db-1 is gone");
  });

  test("for completion needs exit code 0", async () => {
    await wait("completed", { Status: "running" }, { Status: "exited", ExitCode: 0 });
    expect(wait("completed", { Status: "exited", ExitCode: 1 })).rejects.toThrow(
      "didn't complete successfully: exit 1",
    );
  });

  test("to settle fails when it ends too soon", () => {
    expect(wait({ settled: 60_000 }, { Status: "running" })).rejects.toThrow("container p-db-1 exited (3)");
    expect(wait({ settled: 60_000 }, { Status: "exited", ExitCode: 4 })).rejects.toThrow("exited (4)");
  });

  test("to settle ends when it has run long enough", async () => {
    const client: Watchable = {
      ...clientOf({ Status: "running" }),
      system: { openEvents: async ({ signal } = {}) => untilAborted(signal) },
    };
    await waitForContainer(
      client,
      { ref: "x", name: "x" },
      { until: { settled: 1 }, signal: new AbortController().signal },
    );
  });

  test("for a start is content with a running container that has no check", async () => {
    await wait("started", { Status: "created" }, { Status: "running" });
    await wait(
      "started",
      { Status: "running", Health: health("starting") },
      { Status: "running", Health: health("healthy") },
    );
  });
});
