import { type Digest, EngineError, hexOf, isDigest } from "../../base/index.ts";
import type { Announce, ContainerStore } from "../../container/index.ts";
import type { Image, ImageProgress, ImageService, Removed } from "../../image/index.ts";
import { familiarName, type ImageRunConfig, parseReference, withDefaultTag } from "../../oci/index.ts";
import { type ImageDeleteItem, type ProgressMessage, parseFilters } from "../../wire/index.ts";
import { type Call, empty, json, type Reply } from "../call.ts";
import { booleanFilter, checkKeys, pruneFilter } from "../filter.ts";
import { filterImages } from "../image-filter.ts";
import { platformOf, requirePlatform } from "../image-platform.ts";
import { adaptImage } from "../image-versions.ts";
import { openImportURL } from "../import-source.ts";
import { progress } from "../progress.ts";
import { boolean, string } from "../query.ts";
import { type Route, route } from "../routes.ts";
import { imageHistory, imageInspect, imageSummary } from "../shapes/image.ts";
import { pull, push } from "./image-transfer.ts";

export interface ImageRoutesNeeds {
  readonly images: ImageService;
  readonly store: Pick<ContainerStore, "list">;
  readonly announce: Announce;
  /** A config after Dockerfile lines such as `CMD ["sh"]`; throws `invalid`. */
  applyChanges(config: ImageRunConfig, lines: readonly string[]): ImageRunConfig;
  /** Frees what no image needs any more; resolves to the bytes freed. */
  collect(): Promise<{ bytes: number }>;
}

/** Images: list, inspect, load, save, import, tag, remove, prune. */
export function imageRoutes(needs: ImageRoutesNeeds): Route[] {
  const { images } = needs;
  const nameOf = (call: Call): string => call.params.name ?? "";
  return [
    route("GET", "/images/json", (call) => list(needs, call)),
    route("POST", "/images/create", (call) => create(needs, call)),
    route("POST", "/images/load", (call) => load(needs, call)),
    route("POST", "/images/prune", (call) => prune(needs, call)),
    route("GET", "/images/get", (call) =>
      save(needs, call, { names: call.query.getAll("names").flatMap((n) => n.split(",")) }),
    ),
    route("GET", "/images/{name...}/get", (call) => save(needs, call, { names: [nameOf(call)] })),
    route("GET", "/images/{name...}/json", (call) => inspect(needs, call)),
    route("GET", "/images/{name...}/history", (call) => json(imageHistory(imageOf(images, call)))),
    route("POST", "/images/{name...}/tag", (call) => tag(needs, call)),
    route("POST", "/images/{name...}/push", (call) => push(needs, call)),
    route("DELETE", "/images/{name...}", (call) => remove(needs, call)),
  ];
}

function list(needs: ImageRoutesNeeds, call: Call): Reply {
  const filters = parseFilters(call.query.get("filters") ?? undefined);
  const used = imageUsers(needs.store);
  const sharedSize = boolean(call.query, "shared-size");
  const all = needs.images.list();
  const manifests = boolean(call.query, "manifests");
  const rows = filterImages(all, filters, needs.images)
    .map((image) =>
      imageSummary(image, { containers: usersOf(used, image), all: sharedSize ? all : undefined, manifests }),
    )
    .map((row) => adaptImage(row, call.version))
    .sort((a, b) => b.Created - a.Created);
  return json(rows);
}

/** IDs of the containers that use an image. */
function usersOf(users: ReturnType<typeof imageUsers>, image: Image): readonly string[] {
  return (users.get(image.id) ?? []).map(({ id }) => id);
}

/** The image that a call names, for the platform it names. */
function imageOf(images: ImageService, call: Call): Image {
  const name = call.params.name ?? "";
  const image = images.get(name);
  requirePlatform(image, name, platformOf(call.query.get("platform")));
  return image;
}

function inspect(needs: ImageRoutesNeeds, call: Call): Reply {
  const image = imageOf(needs.images, call);
  const manifests = boolean(call.query, "manifests");
  const users = manifests ? { containers: usersOf(imageUsers(needs.store), image) } : undefined;
  return json(adaptImage(imageInspect(image, users), call.version));
}

async function create(needs: ImageRoutesNeeds, call: Call): Promise<Reply> {
  const source = string(call.query, "fromSrc");
  if (source === "") return await pull(needs, call);
  const { query, signal } = call;
  const repo = string(query, "repo");
  const tagName = string(query, "tag");
  const platform = string(query, "platform");
  const config = needs.applyChanges({}, query.getAll("changes"));
  const reference = repo && tagName ? `${repo}:${tagName}` : repo;
  const { archive, origin } =
    source === "-" ? { archive: call.body, origin: "-" } : await openImportURL(source, signal);
  return progress(async (report) => {
    if (source !== "-") report({ status: `Downloading from ${origin}` });
    const image = await needs.images.importRoot(archive, {
      ...(reference ? { reference } : {}),
      message: string(query, "message") || `Imported from ${origin}`,
      config,
      ...(platform ? { platform } : {}),
      signal,
    });
    report({ status: image.id });
    announceImage(needs, "import", image.id, reference || image.id);
  });
}

function load(needs: ImageRoutesNeeds, call: Call): Reply {
  const quiet = boolean(call.query, "quiet");
  const platform = platformOf(call.query.get("platform"));
  return progress(async (report) => {
    const tell = (event: ImageProgress): void => {
      if (!quiet) report(progressMessage(event));
    };
    const names = await needs.images.load(call.body, tell, {
      signal: call.signal,
      ...(platform ? { platform } : {}),
    });
    for (const line of names) {
      report({ stream: line.startsWith("Loaded") ? `${line}\n` : `Loaded image: ${line}\n` });
      const name = line.replace(/^Loaded image(?: ID)?: /, "");
      const image = needs.images.find(name);
      if (image) announceImage(needs, "load", image.id, name);
    }
  });
}

function progressMessage(event: ImageProgress): ProgressMessage {
  const detail = {
    ...(event.current === undefined ? {} : { current: event.current }),
    ...(event.total === undefined ? {} : { total: event.total }),
  };
  return { status: event.status, ...(event.id ? { id: event.id } : {}), progressDetail: detail };
}

function save(needs: ImageRoutesNeeds, call: Call, { names }: { names: readonly string[] }): Reply {
  if (names.length === 0) {
    throw new EngineError("invalid", "no image names given", { subject: "names" });
  }
  const platform = platformOf(call.query.get("platform"));
  for (const name of names) requirePlatform(needs.images.get(name), name, platform);
  for (const name of names) announceImage(needs, "save", needs.images.get(name).id, name);
  return { kind: "stream", contentType: "application/x-tar", chunks: needs.images.save(names) };
}

async function tag(needs: ImageRoutesNeeds, call: Call): Promise<Reply> {
  const name = call.params.name ?? "";
  const repo = string(call.query, "repo");
  const target = string(call.query, "tag") ? `${repo}:${string(call.query, "tag")}` : repo;
  await needs.images.tag(name, target);
  announceImage(needs, "tag", needs.images.get(name).id, target);
  return empty(201);
}

async function remove(needs: ImageRoutesNeeds, call: Call): Promise<Reply> {
  const name = call.params.name ?? "";
  const image = needs.images.get(name);
  for (const text of call.query.getAll("platforms")) requirePlatform(image, name, platformOf(text));
  const users = imageUsers(needs.store);
  const removed = await needs.images.remove(name, {
    force: boolean(call.query, "force"),
    usedBy: (id) => users.get(id) ?? [],
  });
  announceRemoved(needs, image, removed);
  await needs.collect();
  return json(removed.map(deleteItem));
}

async function prune(needs: ImageRoutesNeeds, call: Call): Promise<Reply> {
  const filters = parseFilters(call.query.get("filters") ?? undefined);
  checkKeys(filters, ["dangling", "until", "label", "label!"]);
  const dangling = booleanFilter(filters, "dangling") ?? true;
  const matches = pruneFilter(filters);
  const keep = needs.images
    .list()
    .filter(
      (image) => !matches({ labels: image.config.config?.Labels ?? {}, created: image.config.created ?? "" }),
    )
    .map((image) => image.id);
  const used = new Set([...imageUsers(needs.store).keys(), ...keep]);
  const { removed, bytes } = await needs.images.prune({ all: !dangling, used });
  const freed = await needs.collect();
  for (const item of removed)
    if ("deleted" in item) announceImage(needs, "delete", item.deleted, item.deleted);
  needs.announce({ type: "image", action: "prune", id: "", attributes: { reclaimed: String(bytes) } });
  return json({
    ImagesDeleted: removed.length > 0 ? removed.map(deleteItem) : null,
    SpaceReclaimed: Math.max(bytes, freed.bytes),
  });
}

/** The containers of each image. */
function imageUsers(store: Pick<ContainerStore, "list">): Map<Digest, { id: string; running: boolean }[]> {
  const users = new Map<Digest, { id: string; running: boolean }[]>();
  for (const record of store.list()) {
    const mounted = record.mounts.flatMap(({ image }) => (image ? [image.id] : []));
    for (const id of new Set([record.image, ...mounted])) {
      const list = users.get(id) ?? [];
      list.push({ id: record.id, running: record.state.pid > 0 });
      users.set(id, list);
    }
  }
  return users;
}

function deleteItem(item: Removed): ImageDeleteItem {
  return "untagged" in item ? { Untagged: item.untagged } : { Deleted: item.deleted };
}

function announceRemoved(needs: ImageRoutesNeeds, image: Image, removed: readonly Removed[]): void {
  for (const item of removed) {
    if ("untagged" in item) announceImage(needs, "untag", image.id, item.untagged);
    else if (item.deleted === image.id || item.deleted === hexOf(image.id)) {
      announceImage(needs, "delete", image.id, image.id);
    }
  }
}

function announceImage(
  needs: Pick<ImageRoutesNeeds, "announce">,
  action: string,
  id: string,
  name: string,
): void {
  needs.announce({ type: "image", action, id, attributes: { name: shortName(name) } });
}

function shortName(name: string): string {
  return isDigest(name) ? name : familiarName(withDefaultTag(parseReference(name)));
}
