import { type Digest, digestOf, EngineError, isKind } from "../base/index.ts";
import {
  type Descriptor,
  familiarName,
  familiarRepository,
  formatPlatform,
  formatReference,
  type ImageConfig,
  matchPlatform,
  type Platform,
  parseImageConfig,
  parsePlatform,
  parseReference,
  type Reference,
  repositoryOf,
  withDefaultTag,
} from "../oci/index.ts";
import type { Repository } from "../registry/index.ts";
import type { Collaborators } from "./collaborators.ts";
import { discardFresh } from "./discard.ts";
import { pullReporter } from "./pull-report.ts";
import { recordImage } from "./record-image.ts";
import { type RemoteImage, resolveRemote } from "./resolve-remote.ts";
import { raiseStack, stackOf } from "./stack.ts";
import type { Image, ImageLease, TransferOptions, Transferred } from "./types.ts";

/** Larger configs are no configs. */
const configLimit = 8 * 1024 * 1024;

/** See `ImageService.pull`. */
export async function pullImages(
  needs: Collaborators,
  text: string,
  options: TransferOptions,
): Promise<readonly Transferred[]> {
  const reference = parseReference(text);
  const platform = options.platform ? parsePlatform(options.platform) : undefined;
  const repository = needs.registries.repository(repositoryOf(reference), {
    ...(options.credentials ? { credentials: options.credentials } : {}),
  });
  const tags = options.allTags ? await allTags(repository, options) : [reference];
  const pulled: Pulled[] = [];
  for (const one of tags) {
    const named = typeof one === "string" ? { ...reference, tag: one } : withDefaultTag(one);
    pulled.push(await pullOne(needs, { repository, reference: named, platform }, options));
  }
  const name = options.allTags ? familiarRepository(reference) : familiarName(withDefaultTag(reference));
  const isNew = pulled.some((one) => one.isNew);
  options.report({
    status: isNew ? `Status: Downloaded newer image for ${name}` : `Status: Image is up to date for ${name}`,
  });
  return pulled;
}

async function allTags(repository: Repository, { signal }: TransferOptions): Promise<readonly string[]> {
  return await Array.fromAsync(repository.tags(signal ? { signal } : {}));
}

interface Wanted {
  readonly repository: Repository;
  readonly reference: Reference;
  readonly platform: Platform | undefined;
}

interface Pulled extends Transferred {
  /** The name was not known, or was that of another image. */
  readonly isNew: boolean;
}

async function pullOne(needs: Collaborators, wanted: Wanted, options: TransferOptions): Promise<Pulled> {
  const { repository, reference, platform } = wanted;
  const { signal, report } = options;
  const id = reference.digest ?? reference.tag ?? "latest";
  using lease = needs.leases.open();
  const remote = await resolveRemote(repository, id, { platform, signal });
  report({ id, status: `Pulling from ${reference.path}` });
  const names = namesOf(reference, remote.digest);
  const before = needs.records.idOf(names.tag ?? names.digest);
  const image = await keepOrUndo(needs, remote, lease, () =>
    bringImage(needs, { remote, repository, names }, { ...options, lease }),
  );
  report({ status: `Digest: ${remote.digest}` });
  if (platform) warnOfPlatform(image.config, platform, { reference, report });
  return { image, reference: familiarName(reference), isNew: before !== image.id };
}

interface Names {
  /** Absent for a reference by digest: a tag beside it is ignored. */
  readonly tag: string | undefined;
  readonly digest: string;
}

function namesOf(reference: Reference, digest: Digest): Names {
  return {
    tag: reference.digest === undefined ? formatReference(withDefaultTag(reference)) : undefined,
    digest: `${repositoryOf(reference)}@${digest}`,
  };
}

/** What may come right later stays for the next attempt; what was refused leaves nothing. */
async function keepOrUndo(
  needs: Collaborators,
  remote: RemoteImage,
  lease: ImageLease & { readonly since: number; readonly digests: ReadonlySet<Digest> },
  work: () => Promise<Image>,
): Promise<Image> {
  const key = remote.manifestDescriptor.digest;
  try {
    const image = await work();
    needs.unfinished.forget(key);
    return image;
  } catch (error) {
    if (!(error instanceof EngineError) || isKind(error, "unavailable")) throw error;
    needs.unfinished.forget(key);
    await discardFresh(needs, lease);
    throw error;
  }
}

interface Bring {
  readonly remote: RemoteImage;
  readonly repository: Repository;
  readonly names: Names;
}

async function bringImage(
  needs: Collaborators,
  what: Bring,
  options: TransferOptions & { readonly lease: ImageLease },
): Promise<Image> {
  const { remote, repository, names } = what;
  const { manifest, manifestDescriptor } = remote;
  const { lease } = options;
  const blobs = [manifest.config, ...manifest.layers].map(({ digest }) => digest);
  const documents = remote.documents.map(({ descriptor }) => descriptor.digest);
  for (const digest of [...documents, ...blobs]) lease.protect(digest);
  needs.unfinished.note(manifestDescriptor.digest, [...documents, ...blobs]);
  const { config, bytes } = await fetchConfig(needs, { repository, descriptor: manifest.config }, options);
  const layers = stackOf({ layers: manifest.layers, diffIDs: config.rootfs.diff_ids });
  const chains = layers.map(({ chain }) => chain);
  needs.unfinished.note(manifestDescriptor.digest, [...documents, ...blobs, ...chains]);
  // Each waits for the disk: they are stored while the layers come.
  const storing = Promise.allSettled([
    needs.content.put(bytes, manifest.config.mediaType),
    ...remote.documents.map((one) => needs.content.put(one.bytes, one.descriptor.mediaType)),
  ]);
  // Of an image that is here, manifest and all, nothing needs to come.
  const isHere = needs.records.find(manifest.config.digest)?.manifestDigest === manifestDescriptor.digest;
  const raising = isHere ? new Map() : raise(needs, { layers, repository }, options);
  const [sizes] = await Promise.all([raising, storing]).finally(() => storing);
  for (const one of await storing) if (one.status === "rejected") throw one.reason;
  const image = await recordImage(needs, {
    manifest,
    manifestDescriptor,
    config,
    names: names.tag === undefined ? [] : [names.tag],
    repositoryDigest: names.digest,
    sizes,
  });
  needs.sources.note(blobs, repository.name);
  return image;
}

async function fetchConfig(
  { content }: Collaborators,
  { repository, descriptor }: { readonly repository: Repository; readonly descriptor: Descriptor },
  { signal }: TransferOptions,
): Promise<{ readonly config: ImageConfig; readonly bytes: Uint8Array }> {
  const { digest, size } = descriptor;
  if (size > configLimit) {
    throw new EngineError("invalid", `Cannot pull: the image config ${digest} has ${size} bytes`, {
      subject: digest,
    });
  }
  const isHere = (await content.find(digest)) !== undefined;
  const coming = repository.blob(descriptor, signal ? { signal } : {});
  const bytes = isHere ? await content.read(digest) : Buffer.concat(await Array.fromAsync(coming));
  if (digestOf(bytes) !== digest) {
    throw new EngineError("invalid", `image config verification failed for digest ${digest}`, {
      subject: digest,
    });
  }
  return { config: parseImageConfig(bytes, `image config ${digest}`), bytes };
}

/** Resolves to the unpacked sizes of those layers that were not here. */
async function raise(
  needs: Collaborators,
  { layers, repository }: { readonly layers: ReturnType<typeof stackOf>; readonly repository: Repository },
  options: TransferOptions & { readonly lease: ImageLease },
): Promise<ReadonlyMap<Digest, number>> {
  const { lease, signal, report } = options;
  const sizes = new Map<Digest, number>();
  const chainOf = new Map(layers.map(({ descriptor, chain }) => [descriptor, chain]));
  const show = pullReporter(report, needs.transfers.downloads);
  await raiseStack(needs, layers, {
    lease,
    signal,
    downloads: needs.transfers.downloads,
    source: (layer, how) => repository.blob(layer, how),
    hear: (layer, event) => {
      const chain = chainOf.get(layer);
      if (event.kind === "done" && event.size !== undefined && chain) sizes.set(chain, event.size);
      show(layer, event);
    },
  });
  return sizes;
}

function warnOfPlatform(
  { os, architecture, variant }: ImageConfig,
  wanted: Platform,
  { reference, report }: { readonly reference: Reference; readonly report: TransferOptions["report"] },
): void {
  const actual: Platform = { os, architecture, ...(variant === undefined ? {} : { variant }) };
  if (matchPlatform(wanted, actual)) return;
  report({
    status:
      `WARNING: image with reference ${familiarName(reference)} was found but does not match the specified platform: ` +
      `wanted ${formatPlatform(wanted)}, actual: ${formatPlatform(actual)}`,
  });
}
