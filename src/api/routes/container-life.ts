import { EngineError } from "../../base/index.ts";
import type { ContainerService, WaitCondition, WaitResult } from "../../container/index.ts";
import { type Call, empty, type Reply } from "../call.ts";
import { integer, size, string } from "../query.ts";
import { type Route, route } from "../routes.ts";

type Containers = Pick<
  ContainerService,
  "start" | "stop" | "restart" | "kill" | "pause" | "unpause" | "wait" | "resize"
>;

/** What makes a container run and stop. None of it is undone when the client leaves. */
export function containerLifeRoutes(containers: Containers): Route[] {
  const act = (path: string, work: (id: string, call: Call) => Promise<void>): Route =>
    route("POST", `/containers/{id}/${path}`, async (call) => {
      await work(call.params.id ?? "", call);
      return empty();
    });
  return [
    act("start", async (id, call) => {
      checkNoBody(call);
      checkNoCheckpoint(call);
      await containers.start(id);
    }),
    act("stop", (id, call) => containers.stop(id, stopOptions(call))),
    act("restart", (id, call) => containers.restart(id, stopOptions(call))),
    act("kill", (id, call) => containers.kill(id, string(call.query, "signal"))),
    act("pause", (id) => containers.pause(id)),
    act("unpause", (id) => containers.unpause(id)),
    route("POST", "/containers/{id}/resize", async (call) => {
      await containers.resize(call.params.id ?? "", size(call.query));
      return empty(200);
    }),
    route("POST", "/containers/{id}/wait", (call) => wait(containers, call)),
  ];
}

/** A config in the body of a start is what clients of a time long past sent. */
function checkNoBody(call: Call): void {
  if (Number(call.request.headers["content-length"] ?? 0) <= 7) return;
  throw new EngineError(
    "invalid",
    "starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24",
    { subject: "body" },
  );
}

function checkNoCheckpoint(call: Call): void {
  if (string(call.query, "checkpoint") === "") return;
  throw new EngineError("invalid", "checkpoint is only supported in experimental mode", {
    subject: "checkpoint",
  });
}

function stopOptions(call: Call) {
  return { timeout: integer(call.query, "t"), signal: string(call.query, "signal") || undefined };
}

/** The head goes out at once, so that the client knows that nothing can be missed from here on. */
function wait(containers: Containers, call: Call): Reply {
  const { result } = containers.wait(call.params.id ?? "", {
    condition: parseCondition(string(call.query, "condition")),
    signal: call.signal,
  });
  return { kind: "stream", contentType: "application/json", chunks: waitBody(result) };
}

async function* waitBody(result: Promise<WaitResult>): AsyncGenerator<string> {
  const { exitCode, error } = await result;
  yield `${JSON.stringify({ StatusCode: exitCode, ...(error ? { Error: { Message: error } } : {}) })}\n`;
}

function parseCondition(text: string): WaitCondition {
  if (text === "" || text === "not-running") return "not-running";
  if (text === "next-exit" || text === "removed") return text;
  throw new EngineError("invalid", `invalid condition: "${text}"`, { subject: text });
}
