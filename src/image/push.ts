import { EngineError, Limiter, shortID } from "../base/index.ts";
import {
  type Descriptor,
  familiarName,
  familiarRepository,
  formatPlatform,
  formatReference,
  matchPlatform,
  type Platform,
  parsePlatform,
  parseReference,
  type Reference,
  repositoryOf,
  withDefaultTag,
} from "../oci/index.ts";
import type { PushedBlob, Repository } from "../registry/index.ts";
import type { Collaborators } from "./collaborators.ts";
import { settle } from "./settle.ts";
import type { Image, TransferOptions, Transferred } from "./types.ts";

/** Progress of one layer is told at most so often, in milliseconds. */
const pace = 100;

/** See `ImageService.push`. */
export async function pushImages(
  needs: Collaborators,
  text: string,
  options: TransferOptions,
): Promise<readonly Transferred[]> {
  const reference = parseReference(text);
  if (reference.digest !== undefined) {
    throw new EngineError("invalid", "cannot push a digest reference", { subject: text });
  }
  const name = repositoryOf(reference);
  const repository = needs.registries.repository(name, {
    ...(options.credentials ? { credentials: options.credentials } : {}),
  });
  options.report({ status: `The push refers to repository [${name}]` });
  const tags = options.allTags ? tagsOf(needs, name) : [withDefaultTag(reference)];
  if (tags.length === 0) throw notHere(familiarRepository(reference));
  const pushed: Transferred[] = [];
  for (const tag of tags) pushed.push(await pushTag(needs, { repository, tag }, options));
  return pushed;
}

function tagsOf({ records }: Collaborators, repository: string): readonly Reference[] {
  return records
    .names()
    .map(([name]) => parseReference(name))
    .filter((one) => repositoryOf(one) === repository);
}

function notHere(name: string): EngineError {
  return new EngineError("not-found", `An image does not exist locally with the tag: ${name}`, {
    subject: name,
  });
}

async function pushTag(
  needs: Collaborators,
  { repository, tag }: { readonly repository: Repository; readonly tag: Reference },
  options: TransferOptions,
): Promise<Transferred> {
  const id = needs.records.idOf(formatReference(tag));
  const image = id === undefined ? undefined : needs.records.find(id);
  if (!image) throw notHere(familiarRepository(tag));
  if (options.platform) checkPlatform(image, parsePlatform(options.platform), tag);
  using lease = needs.leases.open();
  const { manifest, manifestDigest } = image;
  const blobs = [...manifest.layers, manifest.config];
  for (const { digest } of blobs) lease.protect(digest);
  lease.protect(manifestDigest);
  await pushBlobs(needs, { image, repository }, options);
  const digests = blobs.map(({ digest }) => digest);
  needs.sources.note(digests, repository.name);
  const bytes = await needs.content.read(manifestDigest);
  const { signal, report } = options;
  const named = tag.tag ?? "latest";
  await repository.pushManifest(named, { mediaType: manifest.mediaType, bytes }, signal ? { signal } : {});
  needs.records.nameDigest(image.id, `${repository.name}@${manifestDigest}`);
  report({ status: `${named}: digest: ${manifestDigest} size: ${bytes.length}` });
  report({ status: "", aux: { Tag: named, Digest: manifestDigest, Size: bytes.length } });
  return { image, reference: familiarName(tag) };
}

function checkPlatform(image: Image, wanted: Platform, tag: Reference): void {
  const { os, architecture, variant } = image.config;
  const actual: Platform = { os, architecture, ...(variant === undefined ? {} : { variant }) };
  if (matchPlatform(wanted, actual)) return;
  const text =
    `image with reference ${familiarName(tag)} was found but does not provide the specified platform ` +
    `(${formatPlatform(wanted)})`;
  throw new EngineError("not-found", text, { subject: familiarName(tag) });
}

interface Sending {
  readonly image: Image;
  readonly repository: Repository;
}

/** Sends what the registry lacks, several at a time; the config goes with the layers but is not told of. */
async function pushBlobs(
  needs: Collaborators,
  { image, repository }: Sending,
  options: TransferOptions,
): Promise<void> {
  const { layers, config } = image.manifest;
  const limiter = new Limiter(needs.transfers.uploads);
  const giveUp = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, giveUp.signal]) : giveUp.signal;
  const send = (blob: Descriptor, id: string | undefined): Promise<unknown> =>
    limiter.run(() => pushBlob(needs, { blob, id, repository }, { ...options, signal }));
  // Docker tells of the topmost layer first.
  const shown = layers.map((blob, at) => ({
    blob,
    id: shortID(image.config.rootfs.diff_ids[at] ?? blob.digest),
  }));
  shown.reverse();
  for (const { id } of shown) options.report({ id, status: "Preparing" });
  for (const { id } of shown.slice(needs.transfers.uploads)) options.report({ id, status: "Waiting" });
  await settle([...shown.map(({ blob, id }) => send(blob, id)), send(config, undefined)], giveUp);
}

async function pushBlob(
  { content, sources }: Collaborators,
  {
    blob,
    id,
    repository,
  }: { readonly blob: Descriptor; readonly id: string | undefined; readonly repository: Repository },
  { report, signal }: TransferOptions & { readonly signal: AbortSignal },
): Promise<void> {
  signal.throwIfAborted();
  let told = 0;
  const progress = (current: number): void => {
    const now = performance.now();
    if (id === undefined || now - told < pace) return;
    told = now;
    report({ id, status: "Pushing", current, total: blob.size });
  };
  const pushed = await repository.pushBlob(blob, (offset) => content.open(blob.digest, { offset }), {
    signal,
    mountFrom: sources.of(blob.digest, repository.name),
    report: progress,
  });
  if (id !== undefined) report({ id, status: outcome(pushed) });
}

function outcome(pushed: PushedBlob): string {
  switch (pushed.kind) {
    case "exists":
      return "Layer already exists";
    case "mounted":
      return `Mounted from ${pushed.from}`;
    default:
      return "Pushed";
  }
}
