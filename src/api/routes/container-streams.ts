import { EngineError, messageOf, parseDuration } from "../../base/index.ts";
import { type ContainerService, parseDetachKeys } from "../../container/index.ts";
import { bridge, finish } from "../bridge.ts";
import type { Call, Reply } from "../call.ts";
import { boolean, moment, string } from "../query.ts";
import { type Route, route } from "../routes.ts";

interface Needs {
  readonly containers: Pick<ContainerService, "attach" | "logs" | "announceDetach">;
}

/** Attach and logs. */
export function containerStreamRoutes(needs: Needs): Route[] {
  return [
    route("POST", "/containers/{id}/attach", (call) => attach(needs, call)),
    route("GET", "/containers/{id}/logs", (call) => logs(needs, call)),
  ];
}

/** Media type of a stream: raw with a terminal, framed without; the name of the latter came with 1.42. */
export function streamType(call: Call, tty: boolean): string {
  return !tty && call.version >= 142
    ? "application/vnd.docker.multiplexed-stream"
    : "application/vnd.docker.raw-stream";
}

async function attach(needs: Needs, call: Call): Promise<Reply> {
  const id = call.params.id ?? "";
  const keys = parseDetachKeys(string(call.query, "detachKeys"));
  const request = {
    stdin: boolean(call.query, "stdin"),
    logs: boolean(call.query, "logs"),
    stream: boolean(call.query, "stream"),
    stdout: boolean(call.query, "stdout"),
    stderr: boolean(call.query, "stderr"),
  };
  const attachment = needs.containers.attach(id, request);
  const client = call.hijack(streamType(call, attachment.tty));
  try {
    const stream = await attachment.connect(call.signal);
    if (!stream) {
      if (attachment.before) for await (const chunk of attachment.before) client.write(chunk);
      finish(client);
      return { kind: "taken" };
    }
    const end = await bridge(client, stream, {
      ...request,
      tty: attachment.tty,
      detachKeys: attachment.tty ? keys : undefined,
      before: attachment.before,
    });
    if (end === "detached") needs.containers.announceDetach(id);
  } catch (error) {
    client.destroy(error instanceof Error ? error : new Error(messageOf(error)));
  }
  return { kind: "taken" };
}

function logs(needs: Needs, call: Call): Reply {
  const { query } = call;
  const stdout = boolean(query, "stdout");
  const stderr = boolean(query, "stderr");
  if (!stdout && !stderr) {
    throw new EngineError("invalid", "Bad parameters: you must choose at least one stream", { subject: "" });
  }
  const since = timeOf(query.get("since"));
  const until = timeOf(query.get("until"));
  const tail = tailOf(string(query, "tail"));
  const { tty, output } = needs.containers.logs(call.params.id ?? "", {
    stdout,
    stderr,
    timestamps: boolean(query, "timestamps"),
    follow: boolean(query, "follow"),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
    ...(tail === undefined ? {} : { tail }),
  });
  return { kind: "stream", contentType: streamType(call, tty), chunks: output };
}

/** Unix time, RFC 3339, or a Go duration before now; nanoseconds since the epoch. */
function timeOf(value: string | null): bigint | undefined {
  if (value !== null && /^[\d.]+(ns|us|µs|ms|s|m|h)/.test(value)) {
    return BigInt(Date.now()) * 1_000_000n - BigInt(Math.round(parseDuration(value)));
  }
  return moment(value);
}

/** `all`, empty and what is no number mean everything, as in Docker. */
function tailOf(text: string): number | undefined {
  return /^\d+$/.test(text) ? Number(text) : undefined;
}
