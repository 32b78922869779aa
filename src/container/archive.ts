import { basename } from "node:path";
import { EngineError, isKind } from "../base/index.ts";
import type { Collaborators } from "./collaborators.ts";
import { announceContainer } from "./facts.ts";
import { imageSnapshots } from "./mounts.ts";
import { processUser } from "./process-user.ts";
import { isLive } from "./state.ts";
import { peekTarHead, type TarHead } from "./tar-head.ts";
import { type Located, locate, readOnlyAt, readOnlyView } from "./tree.ts";
import type { ContainerRecord } from "./types.ts";

/** What a path in a container is. */
export interface PathStat {
  readonly name: string;
  readonly head: TarHead;
}

type ReadNeeds = Pick<Collaborators, "store" | "snapshots" | "layers" | "announce">;
type WriteNeeds = ReadNeeds & Pick<Collaborators, "step">;

/** A path of a container as tar, with what it is. Throws `not-found` with Docker's words. */
export async function readArchive(
  needs: ReadNeeds,
  reference: string,
  path: string,
  signal: AbortSignal,
): Promise<{ stat: PathStat; archive: AsyncIterable<Uint8Array> }> {
  const record = needs.store.get(reference);
  const place = await locate(needs, record, path, "read");
  const found = await pack(needs, record, path, place, signal);
  announceContainer(needs.announce, record, "archive-path");
  return found;
}

/** What a path of a container is. Throws `not-found` with Docker's words. */
export async function statPath(
  needs: ReadNeeds,
  reference: string,
  path: string,
  signal: AbortSignal,
): Promise<PathStat> {
  const record = needs.store.get(reference);
  return await stat(needs, record, path, await locate(needs, record, path, "read"), signal);
}

export interface WriteRequest {
  readonly path: string;
  readonly keepKinds: boolean;
  /** What is written belongs to the user that the container was given; to whom the archive says if to none. */
  readonly asUser: boolean;
  readonly signal: AbortSignal;
}

/** Extracts a tar into a directory of a container. Throws `not-found`, `invalid`, or `denied` when it is read-only. */
export async function writeArchive(
  needs: WriteNeeds,
  reference: string,
  archive: AsyncIterable<Uint8Array>,
  request: WriteRequest,
): Promise<void> {
  const record = needs.store.get(reference);
  // What lies in layers must not be mounted meanwhile; a running container shows its own tree to whoever asks.
  if (isLive(record.state)) return await writeTo(needs, record, archive, request);
  await needs.store.locks.run(record.id, () => writeTo(needs, needs.store.get(record.id), archive, request));
}

async function writeTo(
  needs: WriteNeeds,
  record: ContainerRecord,
  archive: AsyncIterable<Uint8Array>,
  request: WriteRequest,
): Promise<void> {
  const place = await locate(needs, record, request.path, "write");
  const inside = { ...place, path: `${place.path}/.` };
  const { head } = await stat(needs, record, request.path, inside, request.signal);
  if (head.type !== "directory") {
    throw new EngineError("invalid", "extraction point is not a directory", { subject: request.path });
  }
  const covered = readOnlyAt(record, request.path);
  if (covered) throw readOnly(covered, request.path);
  const owner = request.asUser && record.config.User ? await ownerOf(needs, record) : undefined;
  needs.step("copy:begun");
  try {
    await needs.layers.extract(archive, place.mounts, {
      directory: place.path,
      over: place.over,
      keepKinds: request.keepKinds,
      ...(owner ? { owner } : {}),
      signal: request.signal,
    });
  } catch (error) {
    // A link on the way led to where the kernel refuses.
    const rootfs = record.hostConfig.ReadonlyRootfs && record.mounts.every(({ writable }) => writable);
    throw isKind(error, "denied") ? readOnly(rootfs ? "rootfs" : "volume", request.path, error) : error;
  }
  needs.step("copy:extracted");
  announceContainer(needs.announce, record, "extract-to-dir");
}

function readOnly(what: "rootfs" | "volume", path: string, cause?: unknown): EngineError {
  const name = what === "rootfs" ? "container rootfs" : "mounted volume";
  return new EngineError("denied", `${name} is marked read-only`, { subject: path, cause });
}

/** The root file system of a container as tar, without its volumes. */
export async function exportContainer(
  needs: ReadNeeds,
  reference: string,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  const record = needs.store.get(reference);
  const mounts = readOnlyView(await needs.snapshots.mounts(record.id));
  announceContainer(needs.announce, record, "export");
  return whileHeld(needs, record, signal, needs.layers.pack(mounts, "/.", { name: "", signal }));
}

/** The files stay while they are read, also when the container is removed meanwhile: no archive is cut short. */
async function* whileHeld(
  needs: ReadNeeds,
  { id, mounts }: ContainerRecord,
  signal: AbortSignal,
  archive: AsyncIterable<Uint8Array>,
): AsyncIterable<Uint8Array> {
  using holds = new DisposableStack();
  for (const key of [id, ...imageSnapshots(mounts)]) holds.use(needs.snapshots.hold(key));
  // Whoever gave up may never come back for the rest.
  const letGo = () => holds.dispose();
  signal.addEventListener("abort", letGo, { once: true });
  holds.defer(() => signal.removeEventListener("abort", letGo));
  yield* archive;
}

async function stat(
  needs: ReadNeeds,
  record: ContainerRecord,
  path: string,
  place: Located,
  signal: AbortSignal,
): Promise<PathStat> {
  const enough = new AbortController();
  const found = await pack(needs, record, path, place, AbortSignal.any([signal, enough.signal]));
  enough.abort();
  await found.archive[Symbol.asyncIterator]().return?.();
  return found.stat;
}

async function pack(
  needs: ReadNeeds,
  record: ContainerRecord,
  path: string,
  place: Located,
  signal: AbortSignal,
): Promise<{ stat: PathStat; archive: AsyncIterable<Uint8Array> }> {
  const missing = (cause: unknown): EngineError =>
    new EngineError("not-found", `Could not find the file ${path} in container ${record.name}`, {
      subject: path,
      cause,
    });
  const name = basename(path) || "/";
  try {
    const source = needs.layers.pack(place.mounts, place.path, { name, over: place.over, signal });
    const { head, archive } = await peekTarHead(whileHeld(needs, record, signal, source));
    if (!head) throw missing(undefined);
    return { stat: { name, head }, archive };
  } catch (error) {
    // A file where a directory is asked for is not there as such.
    const absent =
      isKind(error, "not-found") || (isKind(error, "invalid") && /is not a directory$/.test(error.message));
    throw absent ? missing(error) : error;
  }
}

async function ownerOf(
  needs: Pick<Collaborators, "snapshots">,
  record: ContainerRecord,
): Promise<{ uid: number; gid: number }> {
  const rootfs = await needs.snapshots.mounts(record.id);
  const { uid, gid } = await processUser(rootfs, record.config.User ?? "");
  return { uid, gid };
}
