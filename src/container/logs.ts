import { EngineError, isKind, type LogPosition } from "../base/index.ts";
import { type LogQuery, readLog } from "../logs/index.ts";
import type { Task } from "../runtime/index.ts";
import { type Collaborators, logDirectory } from "./collaborators.ts";

export interface LogsRequest extends Omit<LogQuery, "tty"> {
  readonly follow: boolean;
}

/** A container's output so far and, when following, what comes until it stops. Throws `not-found`, `invalid`. */
export function containerLogs(
  needs: Pick<Collaborators, "store" | "paths">,
  reference: string,
  request: LogsRequest,
): { tty: boolean; output: AsyncIterable<Uint8Array> } {
  const record = needs.store.get(reference);
  if (record.hostConfig.LogConfig?.Type === "none") {
    throw new EngineError("not-implemented", "configured logging driver does not support reading", {
      subject: record.id,
    });
  }
  const { follow, ...rest } = request;
  const query: LogQuery = { ...rest, tty: record.config.Tty ?? false };
  const { task } = needs.store.live(record.id);
  const directory = logDirectory(needs.paths, record.id);
  const output =
    follow && task
      ? readLog(directory, query, (position) => liveOutput(task, position))
      : readLog(directory, query);
  return { tty: query.tty, output };
}

/** A running task's output from `position` on; undefined when it has ended meanwhile: then all of it lies in the files. */
async function liveOutput(task: Task, position: LogPosition): Promise<AsyncIterable<Uint8Array> | undefined> {
  try {
    return await task.attach({ stdin: false, from: position });
  } catch (error) {
    if (isKind(error, "conflict")) return undefined;
    throw error;
  }
}

/** What a container has written so far. */
export function readContainerLog(directory: string, query: LogQuery): AsyncIterable<Uint8Array> {
  return readLog(directory, query);
}
