import { messageOf } from "../base/index.ts";
import type { Descriptor } from "../oci/index.ts";
import { RegistryError } from "./error.ts";
import { createPatience } from "./retry.ts";
import type { Scene } from "./scene.ts";
import type { Site } from "./site.ts";
import type { Answer } from "./transport.ts";
import type { Cancel, PushBlobOptions, PushedBlob } from "./types.ts";

type Open = (offset: number) => AsyncIterable<Uint8Array>;

/** Makes sure that the registry has a blob; see `Repository.pushBlob`. */
export async function pushBlob(
  scene: Scene,
  descriptor: Descriptor,
  open: Open,
  options: PushBlobOptions,
): Promise<PushedBlob> {
  const mountFrom = (options.mountFrom ?? []).filter((path) => path !== scene.name.path);
  scene.claim(mountFrom);
  if (await blobExists(scene, descriptor.digest, options)) return { kind: "exists" };
  let place: Upload | undefined;
  for (const from of mountFrom) {
    const tried = await scene.write(options, (site) => mount(scene, site, descriptor, from, options));
    if (tried.kind === "mounted") return { kind: "mounted", from };
    place = tried.upload;
  }
  await upload({ scene, descriptor, open, options }, place);
  return { kind: "pushed" };
}

/** Whether the registry itself has a blob. */
export async function blobExists(scene: Scene, digest: string, options: Cancel): Promise<boolean> {
  return scene.write(options, async (site) => {
    const answer = await scene.ask(site, {
      method: "HEAD",
      path: `blobs/${digest}`,
      accept: [404],
      asked: scene.name.asked,
      ...cancelOf(options),
    });
    await answer.discard();
    return answer.response.ok;
  });
}

/** A session of the registry that takes a blob's bytes. */
interface Upload {
  /** Where the next request goes; each answer gives a new one. */
  readonly location: URL;
  /** Bytes that the registry has. */
  readonly offset: number;
}

async function mount(
  scene: Scene,
  site: Site,
  descriptor: Descriptor,
  from: string,
  options: Cancel,
): Promise<{ kind: "mounted" } | { kind: "begun"; upload: Upload | undefined }> {
  const query = new URLSearchParams({ mount: descriptor.digest, from });
  const answer = await scene.ask(site, {
    method: "POST",
    path: `blobs/uploads/?${query}`,
    // A repository that is not there, or not ours to read, is no reason to fail.
    accept: [400, 401, 403, 404, 405],
    asked: scene.name.asked,
    ...cancelOf(options),
  });
  await answer.discard();
  if (answer.response.status === 201) return { kind: "mounted" };
  return { kind: "begun", upload: answer.response.ok ? uploadAt(answer, 0) : undefined };
}

interface Job {
  readonly scene: Scene;
  readonly descriptor: Descriptor;
  readonly open: Open;
  readonly options: PushBlobOptions;
}

/** Sends the bytes, going on where the registry says that it has come to, or from the start in a new session. */
async function upload(job: Job, begun: Upload | undefined): Promise<void> {
  const { scene, options } = job;
  const patience = createPatience(scene.limits, options.signal, (error) => unfinished(job, error));
  let current = begun;
  let furthest = -1;
  for (;;) {
    try {
      const site = await scene.home(options);
      current ??= await begin(job, site);
      current = await send(job, site, current);
      return await finish(job, site, current);
    } catch (error) {
      const failure = interruption(error);
      const sent = (current?.offset ?? 0) >= job.descriptor.size;
      current = current && !isLost(failure) ? await ask(job, current) : undefined;
      // The last answer may have been lost, not the blob.
      if (current === undefined && sent && (await blobExists(scene, job.descriptor.digest, options))) return;
      const offset = current?.offset ?? 0;
      await patience.after(failure, offset > furthest);
      furthest = Math.max(furthest, offset);
    }
  }
}

/** A failure after which an upload goes on; throws every other one. */
function interruption(error: unknown): RegistryError {
  if (!(error instanceof RegistryError) || !(error.retryable || isLost(error))) throw error;
  if (error.retryable) return error;
  return new RegistryError(error.kind, error.message, { ...error, retryable: true, cause: error });
}

/** The registry does not know the session any more, or what it has is not what was sent. */
function isLost(error: RegistryError): boolean {
  return error.codes.includes("BLOB_UPLOAD_UNKNOWN") || error.status === 416;
}

async function begin(job: Job, site: Site): Promise<Upload> {
  const answer = await job.scene.ask(site, {
    method: "POST",
    path: "blobs/uploads/",
    asked: job.scene.name.asked,
    ...cancelOf(job.options),
  });
  await answer.discard();
  return uploadAt(answer, 0);
}

/** One PATCH with all bytes that are missing. */
async function send(job: Job, site: Site, upload: Upload): Promise<Upload> {
  const { descriptor, open, options, scene } = job;
  const { offset } = upload;
  options.report?.(offset);
  if (offset >= descriptor.size) return upload;
  const answer = await scene.ask(site, {
    method: "PATCH",
    path: upload.location,
    headers: {
      "Content-Type": "application/octet-stream",
      // A first piece that says nothing of ranges is a streamed upload, which every registry takes.
      ...(offset === 0 ? {} : { "Content-Range": `${offset}-${descriptor.size - 1}` }),
    },
    payload: {
      length: descriptor.size - offset,
      open: () => counted(open(offset), offset, options.report),
    },
    asked: scene.name.asked,
    ...cancelOf(options),
  });
  await answer.discard();
  return uploadAt(answer, descriptor.size, upload.location);
}

async function* counted(
  source: AsyncIterable<Uint8Array>,
  offset: number,
  report: PushBlobOptions["report"],
): AsyncGenerator<Uint8Array> {
  let sent = offset;
  for await (const chunk of source) {
    yield chunk;
    sent += chunk.length;
    report?.(sent);
  }
}

async function finish(job: Job, site: Site, upload: Upload): Promise<void> {
  const location = new URL(upload.location);
  location.searchParams.set("digest", job.descriptor.digest);
  const answer = await job.scene.ask(site, {
    method: "PUT",
    path: location,
    headers: { "Content-Type": "application/octet-stream" },
    payload: { length: 0, async *open() {} },
    asked: job.scene.name.asked,
    ...cancelOf(job.options),
  });
  await answer.discard();
}

/** How far a session has come; undefined when the registry does not know. */
async function ask(job: Job, upload: Upload): Promise<Upload | undefined> {
  try {
    const answer = await job.scene.ask(await job.scene.home(job.options), {
      method: "GET",
      path: upload.location,
      asked: job.scene.name.asked,
      ...cancelOf(job.options),
    });
    await answer.discard();
    const range = /^(?:bytes=)?0-(\d+)$/.exec(answer.response.headers.get("range") ?? "");
    const end = Number(range?.[1] ?? 0);
    // A session without bytes says "0-0", as one with a single byte does.
    return uploadAt(answer, end === 0 ? 0 : end + 1, upload.location);
  } catch (error) {
    if (error instanceof RegistryError) return undefined;
    throw error;
  }
}

function uploadAt(answer: Answer, offset: number, usual?: URL): Upload {
  const location = answer.response.headers.get("location");
  if (location === null && usual) return { location: usual, offset };
  if (location === null || !URL.canParse(location, answer.url.href)) {
    throw new RegistryError("unavailable", `Cannot upload: the registry gives no place for it`, {
      subject: answer.asked.repository,
      status: answer.response.status,
    });
  }
  const url = new URL(location, answer.url);
  // Registries behind a proxy may not know that they are reached by TLS.
  if (answer.url.protocol === "https:") url.protocol = "https:";
  return { location: url, offset };
}

function unfinished(job: Job, error: RegistryError): RegistryError {
  return new RegistryError("unavailable", `Cannot push blob ${job.descriptor.digest}: ${messageOf(error)}`, {
    subject: job.descriptor.digest,
    codes: error.codes,
    status: error.status,
    cause: error,
  });
}

function cancelOf(options: Cancel): Cancel {
  return options.signal ? { signal: options.signal } : {};
}
