import { EngineError } from "../base/index.ts";
import type { AttachStream } from "../runtime/index.ts";
import type { Collaborators } from "./collaborators.ts";
import { announceContainer } from "./facts.ts";
import type { PendingAttach } from "./live.ts";
import { readContainerLog } from "./logs.ts";

type Needs = Pick<Collaborators, "store" | "announce" | "paths">;

export interface AttachRequest {
  readonly stdin: boolean;
  /** Replay what was written before. */
  readonly logs: boolean;
  /** Stay connected; without it only `logs` are delivered. */
  readonly stream: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
}

export interface Attachment {
  /** The container writes to a terminal: bytes are raw, not framed. */
  readonly tty: boolean;
  /** What was written before, when asked for; to be delivered first. */
  readonly before: AsyncIterable<Uint8Array> | undefined;
  /** The live streams; undefined when there will be none. Waits for the start of a container that does not run. */
  connect(signal: AbortSignal): Promise<AttachStream | undefined>;
}

/** Prepares an attachment; throws `not-found`, or `conflict` for a paused or restarting container. */
export function attachContainer(needs: Needs, reference: string, request: AttachRequest): Attachment {
  const record = needs.store.get(reference);
  const { phase } = record.state;
  if (phase === "paused") {
    throw conflict(`container ${reference} is paused, unpause the container before attach`, record.id);
  }
  if (phase === "restarting") {
    throw conflict(`container ${reference} is restarting, wait until the container is running`, record.id);
  }
  announceContainer(needs.announce, record, "attach");
  const query = {
    stdout: request.stdout,
    stderr: request.stderr,
    timestamps: false,
    tty: record.config.Tty ?? false,
  };
  return {
    tty: query.tty,
    before: request.logs ? readContainerLog(needs, record, query) : undefined,
    connect: async (signal) =>
      request.stream
        ? holdLog(needs, record.id, await connect(needs, record.id, request.stdin, signal))
        : undefined,
  };
}

/** A client that falls behind is given output from the log: that stays for it, also after a `--rm`. */
function holdLog({ store }: Needs, id: string, stream: AttachStream | undefined): AttachStream | undefined {
  if (!stream || stream.destroyed) return stream;
  const held = store.readers.take(id);
  stream.once("close", () => held[Symbol.dispose]());
  return stream;
}

async function connect(
  needs: Needs,
  id: string,
  stdin: boolean,
  signal: AbortSignal,
): Promise<AttachStream | undefined> {
  const live = needs.store.live(id);
  if (live.task) return await live.task.attach({ stdin, from: "now" });
  if (needs.store.get(id).state.phase === "removing") return undefined;
  const { promise, resolve } = Promise.withResolvers<AttachStream | undefined>();
  const client: PendingAttach = { stdin, resolve };
  live.waitingClients.add(client);
  signal.addEventListener(
    "abort",
    () => {
      live.waitingClients.delete(client);
      resolve(undefined);
    },
    { once: true },
  );
  return await promise;
}

/** Tells the terminal of a running container its size. */
export async function resizeContainer(
  needs: Pick<Collaborators, "store" | "announce">,
  reference: string,
  size: { height: number; width: number },
): Promise<void> {
  const record = needs.store.get(reference);
  const { task } = needs.store.live(record.id);
  if (!task) throw conflict(`container ${record.id} is not running`, record.id);
  await task.resize(size);
  announceContainer(needs.announce, record, "resize", {
    height: String(size.height),
    width: String(size.width),
  });
}

function conflict(message: string, subject: string): EngineError {
  return new EngineError("conflict", message, { subject });
}
