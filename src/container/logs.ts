import { stat } from "node:fs/promises";
import { join } from "node:path";
import { EngineError, isKind, type LogPosition } from "../base/index.ts";
import { type LiveOutput, type LogQuery, readJsonLog, readLog } from "../logs/index.ts";
import type { LogTarget, Task } from "../runtime/index.ts";
import { type Collaborators, type ContainerPaths, homeOf, logDirectory } from "./collaborators.ts";
import { type LogDriver, type LogOptions, parseLogOptions } from "./log-config.ts";
import { journalFields, logMarks } from "./log-marks.ts";
import type { ContainerRecord } from "./types.ts";

export interface LogsRequest extends Omit<LogQuery, "tty" | "details"> {
  readonly follow: boolean;
  /** Mark each line with what the container's log options name. */
  readonly details?: boolean;
}

type Needs = Pick<Collaborators, "store" | "paths">;

/**
 * A container's output so far and, when following, what comes until it stops. Throws `not-found`, `invalid`, and
 * `not-implemented` where nothing is kept.
 */
export function containerLogs(
  needs: Needs,
  reference: string,
  request: LogsRequest,
): { tty: boolean; output: AsyncIterable<Uint8Array> } {
  const record = needs.store.get(reference);
  const { follow, details, ...rest } = request;
  const query: LogQuery = {
    ...rest,
    tty: record.config.Tty ?? false,
    ...(details ? { details: logMarks(record) } : {}),
  };
  const output = readContainerLog(needs, record, query, follow);
  const whole = follow ? untilEnded(needs, record, output, query.until) : output;
  return { tty: query.tty, output: whileHeld(needs, record, whole) };
}

/** The log stays while it is read, also when the container is removed meanwhile. */
async function* whileHeld(
  { store }: Needs,
  { id }: ContainerRecord,
  output: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  using _held = store.readers.take(id);
  yield* output;
}

/** How long the end of a container may take after that of its output, before nobody waits for it any longer. */
const endingPatience = 2000;

/**
 * The output ends a moment before its container does: whoever saw the one may rely on the other, and remove it.
 */
async function* untilEnded(
  needs: Needs,
  record: ContainerRecord,
  output: AsyncIterable<Uint8Array>,
  until: bigint | undefined,
): AsyncGenerator<Uint8Array> {
  const { promise, resolve } = Promise.withResolvers<void>();
  using _listening = needs.store.endings.on(({ id }) => {
    if (id === record.id) resolve();
  });
  const { task } = needs.store.live(record.id);
  yield* output;
  if (!task || (until !== undefined && until <= BigInt(Date.now()) * 1_000_000n)) return;
  const timer = setTimeout(resolve, endingPatience);
  await promise;
  clearTimeout(timer);
}

/** What a container has written so far and, with `follow`, will write. Throws `not-implemented` where nothing is kept. */
export function readContainerLog(
  needs: Needs,
  record: ContainerRecord,
  query: LogQuery,
  follow = false,
): AsyncIterable<Uint8Array> {
  const { task } = needs.store.live(record.id);
  switch (driverOf(record)) {
    case "none":
      throw new EngineError("not-implemented", "configured logging driver does not support reading", {
        subject: record.id,
      });
    case "json-file":
      return readJsonLog(jsonLogPath(needs.paths, record.id), query, follow ? task?.exited : undefined);
    default:
      return readLog(
        logDirectory(needs.paths, record.id),
        query,
        follow && task ? (position) => liveOutput(task, position) : undefined,
      );
  }
}

/** A running task's output from `position` on; undefined when it has ended meanwhile: then all of it lies in the files. */
async function liveOutput(task: Task, position: LogPosition): Promise<LiveOutput | undefined> {
  try {
    return await task.follow(position);
  } catch (error) {
    if (isKind(error, "conflict")) return undefined;
    throw error;
  }
}

/** The file that Docker's `LogPath` names; empty where there is none that others could read. */
export function logPathOf(paths: ContainerPaths, record: ContainerRecord): string {
  return driverOf(record) === "json-file" ? jsonLogPath(paths, record.id) : "";
}

/** Where and how a container's shim keeps its output. */
export function logTarget(needs: Pick<Collaborators, "paths" | "logs">, record: ContainerRecord): LogTarget {
  const options = parseLogOptions(record.hostConfig.LogConfig);
  const { driver, maxBytes, maxFiles, compress } = options;
  const limits = { maxBytes, maxFiles, compress };
  switch (driver) {
    case "json-file": {
      const marks = logMarks(record);
      return {
        ...limits,
        driver,
        directory: homeOf(needs.paths, record.id),
        file: jsonLogName(record.id),
        ...(Object.keys(marks).length > 0 ? { attributes: marks } : {}),
      };
    }
    case "journald":
      return {
        ...limits,
        ...keptCopy(needs, record),
        journal: journalTarget(needs.logs.journal, record, options),
      };
    default:
      return { ...limits, driver, directory: logDirectory(needs.paths, record.id) };
  }
}

/** The journal is written to and never read: `docker logs` reads our own copy. */
function keptCopy(needs: Pick<Collaborators, "paths">, record: ContainerRecord) {
  return { driver: "local" as const, directory: logDirectory(needs.paths, record.id) };
}

function journalTarget(socket: string, record: ContainerRecord, { maxBuffer }: LogOptions) {
  return { socket, fields: journalFields(record), maxBuffer };
}

/** Throws `invalid` where a container wants its output in a journal that this host does not have. */
export async function checkJournal(driver: string, socket: string): Promise<void> {
  if (driver !== "journald") return;
  const found = await stat(socket).catch(() => undefined);
  if (found?.isSocket()) return;
  throw new EngineError(
    "invalid",
    "failed to initialize logging driver: journald is not enabled on this host",
    { subject: driver },
  );
}

function driverOf(record: ContainerRecord): LogDriver {
  return parseLogOptions(record.hostConfig.LogConfig).driver;
}

function jsonLogPath(paths: ContainerPaths, id: string): string {
  return join(homeOf(paths, id), jsonLogName(id));
}

function jsonLogName(id: string): string {
  return `${id}-json.log`;
}
