import { type Digest, EngineError } from "../base/index.ts";
import type { ContentStore } from "../content/index.ts";
import { detectCompression } from "../layer/index.ts";
import {
  choosePlatform,
  type Descriptor,
  formatPlatform,
  formatReference,
  hostPlatform,
  type ImageConfig,
  type Index,
  type Manifest,
  matchPlatform,
  mediaTypes,
  type Platform,
  parseImageConfig,
  parseIndex,
  parseManifestOrIndex,
  parseReference,
  withDefaultTag,
} from "../oci/index.ts";
import { isAttestation } from "./attestation.ts";
import { parseDockerManifest } from "./docker-manifest.ts";
import type { Members, Stored } from "./load-archive.ts";

/** One image that an archive holds: its parts are stored, nothing is unpacked yet. */
export interface LoadPlan {
  readonly config: ImageConfig;
  readonly manifest: Manifest;
  readonly manifestDescriptor: Descriptor;
  /** Full names. */
  readonly names: readonly string[];
}

const deepestIndex = 3;

/**
 * Works out which images an archive holds, as OCI layout where it is one, else in Docker's format. With a platform,
 * those for it; throws `not-found` when there are none.
 */
export async function planLoad(
  members: Members,
  content: ContentStore,
  platform?: Platform,
): Promise<readonly LoadPlan[]> {
  const plans = await planAll(members, { content, platform });
  if (platform === undefined) return plans;
  const wanted = plans.filter(({ config }) => matchPlatform(platform, config));
  if (wanted.length > 0) return wanted;
  const text = `the archive holds no image for the requested platform (${formatPlatform(platform)})`;
  throw new EngineError("not-found", text, { subject: "archive" });
}

/** Where an archive's blobs are, and which manifest of an index is wanted. */
interface Source {
  readonly content: ContentStore;
  readonly platform: Platform | undefined;
}

async function planAll(members: Members, source: Source): Promise<readonly LoadPlan[]> {
  const index = members.documents.get("index.json");
  const docker = members.documents.get("manifest.json");
  if (index !== undefined && members.documents.has("oci-layout")) {
    const found = await planLayout(parseIndex(index, "index.json"), source);
    return docker === undefined ? merge(found) : merge([...found, ...dockerNames(docker, members, found)]);
  }
  if (docker !== undefined) return merge(await planDocker(docker, members, source.content));
  throw refuse("the archive has neither manifest.json nor index.json", "archive");
}

async function planLayout(index: Index, source: Source): Promise<readonly LoadPlan[]> {
  const plans: LoadPlan[] = [];
  for (const descriptor of index.manifests) {
    if (isAttestation(descriptor)) continue;
    const found = await readManifest(descriptor, source, deepestIndex);
    if (found) plans.push({ ...found, names: namesOf(descriptor) });
  }
  if (plans.length === 0) throw refuse("the archive holds no image for this machine", "index.json");
  return plans;
}

/** The manifest that a descriptor stands for: of an index, the one for this machine. */
async function readManifest(
  descriptor: Descriptor,
  source: Source,
  depth: number,
): Promise<Omit<LoadPlan, "names"> | undefined> {
  const { content, platform = hostPlatform() } = source;
  const at = `manifest ${descriptor.digest}`;
  const parsed = parseManifestOrIndex(await readBlob(descriptor, content, at), at);
  if (parsed.kind === "index") {
    const candidates = parsed.index.manifests.filter((one) => !isAttestation(one));
    const stored: Descriptor[] = [];
    for (const one of candidates) if (await content.find(one.digest)) stored.push(one);
    const chosen = choosePlatform(stored, platform) ?? stored[0];
    if (!chosen) return undefined;
    if (depth === 0) throw refuse(`${at} is nested too deeply`, descriptor.digest);
    return await readManifest(chosen, source, depth - 1);
  }
  const { manifest } = parsed;
  const config = parseImageConfig(await readBlob(manifest.config, content, at), `config of ${at}`);
  for (const layer of manifest.layers) await requireBlob(layer, content, at);
  const { mediaType, digest, size } = descriptor;
  return { config, manifest, manifestDescriptor: { mediaType, digest, size } };
}

async function planDocker(
  text: string,
  members: Members,
  content: ContentStore,
): Promise<readonly LoadPlan[]> {
  const plans: LoadPlan[] = [];
  for (const entry of parseDockerManifest(text)) {
    const configFile = requireMember(members, entry.config);
    const config = parseImageConfig(await content.read(configFile.digest), entry.config);
    const layers: Descriptor[] = [];
    for (const path of entry.layers)
      layers.push(await layerDescriptor(requireMember(members, path), content));
    const manifest: Manifest = {
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: { mediaType: mediaTypes.ociConfig, ...configFile },
      layers,
    };
    const bytes = new TextEncoder().encode(JSON.stringify(manifest));
    const manifestDescriptor = await content.put(bytes, manifest.mediaType);
    plans.push({ config, manifest, manifestDescriptor, names: entry.names.map(fullName) });
  }
  return plans;
}

/** An archive in both formats may have names in the second one alone. */
function dockerNames(text: string, members: Members, plans: readonly LoadPlan[]): readonly LoadPlan[] {
  return parseDockerManifest(text).flatMap(({ config, names }) => {
    const id = members.find(config)?.digest;
    const plan = plans.find(({ manifest }) => manifest.config.digest === id);
    return plan ? [{ ...plan, names: names.map(fullName) }] : [];
  });
}

/** Each image once, with all its names. */
function merge(plans: readonly LoadPlan[]): readonly LoadPlan[] {
  const merged = new Map<Digest, LoadPlan>();
  for (const plan of plans) {
    const id = plan.manifest.config.digest;
    const before = merged.get(id);
    merged.set(id, { ...(before ?? plan), names: [...new Set([...(before?.names ?? []), ...plan.names])] });
  }
  return [...merged.values()];
}

function namesOf(descriptor: Descriptor): readonly string[] {
  const annotations = descriptor.annotations ?? {};
  const full = annotations["io.containerd.image.name"];
  if (full !== undefined) return [fullName(full)];
  const name = annotations["org.opencontainers.image.ref.name"];
  // Often it is no more than a tag.
  return name !== undefined && /[:/]/.test(name) ? [fullName(name)] : [];
}

function fullName(text: string): string {
  const { digest: _, ...reference } = parseReference(text);
  return formatReference(withDefaultTag(reference));
}

async function layerDescriptor(stored: Stored, content: ContentStore): Promise<Descriptor> {
  const types = { gzip: mediaTypes.ociLayerGzip, zstd: mediaTypes.ociLayerZstd };
  for await (const chunk of content.open(stored.digest)) {
    const compression = detectCompression(chunk);
    const known = compression === "gzip" || compression === "zstd";
    return { mediaType: known ? types[compression] : mediaTypes.ociLayer, ...stored };
  }
  return { mediaType: mediaTypes.ociLayer, ...stored };
}

async function readBlob(descriptor: Descriptor, content: ContentStore, at: string): Promise<Uint8Array> {
  await requireBlob(descriptor, content, at);
  return await content.read(descriptor.digest);
}

async function requireBlob({ digest, size }: Descriptor, content: ContentStore, at: string): Promise<void> {
  const found = await content.find(digest);
  if (found && found.size === size) return;
  const state = found ? `has ${found.size} bytes, not ${size}` : "is missing";
  throw refuse(`blob ${digest} of ${at} ${state}`, digest);
}

function requireMember(members: Members, path: string): Stored {
  const member = members.find(path);
  if (member) return member;
  throw refuse(`${path} is missing in the archive`, path);
}

function refuse(why: string, subject: string): EngineError {
  return new EngineError("invalid", `Cannot load images: ${why}`, { subject });
}
