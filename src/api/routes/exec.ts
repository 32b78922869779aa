import { messageOf } from "../../base/index.ts";
import { type Exec, type Execs, parseDetachKeys } from "../../container/index.ts";
import type { ExecInspect } from "../../wire/index.ts";
import { bridge, endWithMessage } from "../bridge.ts";
import { type Call, empty, json, type Reply, readJson, readOptionalJson } from "../call.ts";
import { execRequest, execStartRequest } from "../container-decoder.ts";
import { size } from "../query.ts";
import { type Route, route } from "../routes.ts";
import { streamType } from "./container-streams.ts";

/** More processes in a running container. */
export function execRoutes(
  execs: Pick<Execs, "create" | "get" | "start" | "resize" | "checkStartable" | "announceDetach">,
): Route[] {
  return [
    route("POST", "/containers/{id}/exec", async (call) => {
      const request = await readJson(call, execRequest);
      parseDetachKeys(request.DetachKeys ?? "");
      return json({ Id: execs.create(call.params.id ?? "", request).id }, 201);
    }),
    route("POST", "/exec/{id}/start", (call) => start(execs, call)),
    route("POST", "/exec/{id}/resize", async (call) => {
      await execs.resize(call.params.id ?? "", size(call.query));
      return empty(200);
    }),
    route("GET", "/exec/{id}/json", (call) => json(inspect(execs.get(call.params.id ?? "")))),
  ];
}

async function start(
  execs: Pick<Execs, "checkStartable" | "start" | "announceDetach">,
  call: Call,
): Promise<Reply> {
  const id = call.params.id ?? "";
  const { Detach, ConsoleSize } = await readOptionalJson(call, execStartRequest);
  const exec = execs.checkStartable(id);
  const [height, width] = ConsoleSize[0] > 0 ? ConsoleSize : (exec.request.ConsoleSize ?? [0, 0]);
  const options = { detach: Detach, ...(height > 0 && width > 0 ? { size: { height, width } } : {}) };
  if (!Detach) return await startAttached(execs, call, exec, options);
  await execs.start(id, options);
  return empty(200);
}

async function startAttached(
  execs: Pick<Execs, "start" | "announceDetach">,
  call: Call,
  exec: Exec,
  options: Parameters<Execs["start"]>[1],
): Promise<Reply> {
  const { request } = exec;
  const tty = request.Tty ?? false;
  const client = call.hijack(streamType(call, tty));
  try {
    const stream = await execs.start(exec.id, options);
    if (!stream) return { kind: "taken" };
    const end = await bridge(client, stream, {
      tty,
      stdin: request.AttachStdin ?? false,
      stdout: request.AttachStdout ?? false,
      stderr: request.AttachStderr ?? false,
      detachKeys: tty ? parseDetachKeys(request.DetachKeys ?? "") : undefined,
    });
    if (end === "detached") execs.announceDetach(exec.id);
  } catch (error) {
    endWithMessage(client, `${messageOf(error)}\r\n`, tty);
  }
  return { kind: "taken" };
}

function inspect(exec: Exec): ExecInspect {
  const [entrypoint = "", ...rest] = exec.request.Cmd ?? [];
  return {
    ID: exec.id,
    Running: exec.phase === "running",
    ExitCode: exec.exitCode,
    ProcessConfig: {
      tty: exec.request.Tty ?? false,
      entrypoint,
      arguments: rest,
      privileged: exec.request.Privileged ?? false,
      ...(exec.request.User ? { user: exec.request.User } : {}),
    },
    OpenStdin: exec.request.AttachStdin ?? false,
    OpenStderr: exec.request.AttachStderr ?? false,
    OpenStdout: exec.request.AttachStdout ?? false,
    CanRemove: exec.phase === "ended",
    ContainerID: exec.containerID,
    DetachKeys: exec.request.DetachKeys ?? "",
    Pid: exec.process?.pid ?? 0,
  };
}
