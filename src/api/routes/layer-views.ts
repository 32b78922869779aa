import { EngineError } from "../../base/index.ts";
import type { FileChange, ImageView, LayerView, LayerViews } from "../../layer-view/index.ts";
import { familiarName } from "../../oci/index.ts";
import type {
  FileState,
  ImageDiffHead,
  ImageFileChange,
  ImageLayer,
  ImageLayersResponse,
} from "../../wire/index.ts";
import { type Call, json, type Reply } from "../call.ts";
import { integer, string } from "../query.ts";
import { type Route, route } from "../routes.ts";

/** What images are made of: layers with their costs, their files, differences between images. */
export function layerViewRoutes(views: LayerViews): Route[] {
  return [
    route("GET", "/gantry/images/{name...}/layers", async ({ params, signal }) =>
      json(layersResponse(await views.layers(params.name ?? "", { signal }))),
    ),
    route("GET", "/gantry/images/{name...}/files", (call) => files(views, call)),
    route("GET", "/gantry/images/{name...}/diff", (call) => diff(views, call)),
  ];
}

async function files(views: LayerViews, call: Call): Promise<Reply> {
  const name = call.params.name ?? "";
  const { layers } = await views.layers(name, { signal: call.signal });
  const layer = integer(call.query, "layer");
  if (layer !== undefined && !(layer >= 1 && layer <= layers.length)) {
    throw new EngineError("invalid", `image ${name} has no layer ${layer}: it has ${layers.length}`, {
      subject: name,
    });
  }
  const only = layer === undefined ? {} : { layer: layer - 1 };
  return jsonLines(views.files(name, { ...only, signal: call.signal }));
}

async function diff(views: LayerViews, call: Call): Promise<Reply> {
  const [older, newer] = [call.params.name ?? "", string(call.query, "to")];
  if (newer === "") throw new EngineError("invalid", "no image to compare with", { subject: "to" });
  const path = string(call.query, "path");
  const found = await views.diff(older, newer, { path, signal: call.signal });
  const head: ImageDiffHead = { Older: older, Newer: newer, SharedLayers: found.sharedLayers };
  return jsonLines(found.changes, head);
}

/** One JSON value a line, gathered into larger pieces. */
function jsonLines(changes: AsyncIterable<FileChange> | Iterable<FileChange>, head?: object): Reply {
  const chunks = (async function* () {
    let text = head ? `${JSON.stringify(head)}\n` : "";
    for await (const change of changes) {
      text += `${JSON.stringify(changeLine(change))}\n`;
      if (text.length < 64 * 1024) continue;
      yield text;
      text = "";
    }
    if (text !== "") yield text;
  })();
  return { kind: "stream", contentType: "application/x-ndjson", chunks };
}

function layersResponse(view: ImageView): ImageLayersResponse {
  const { image, layers, wasted, efficiency, wasters } = view;
  return {
    Id: image.id,
    Names: image.references.map(familiarName),
    Size: image.size,
    CompressedSize: layers.reduce((sum, { compressedSize }) => sum + compressedSize, 0),
    Wasted: wasted,
    Efficiency: Math.floor(efficiency * 1000) / 10,
    Layers: layers.map(layerShape),
    Wasters: wasters.map(({ path, bytes, copies }) => ({
      Path: pathText(path),
      Bytes: bytes,
      Copies: copies,
    })),
  };
}

function layerShape(layer: LayerView): ImageLayer {
  return {
    Digest: layer.digest,
    DiffID: layer.diffID,
    ChainID: layer.chainID,
    Command: layer.command,
    Created: layer.created,
    Size: layer.size,
    CompressedSize: layer.compressedSize,
    Added: layer.added,
    Changed: layer.changed,
    Deleted: layer.deleted,
    MetadataOnly: layer.metadataOnly,
    WastedFiles: layer.wastedFiles,
    Wasted: layer.wastedBytes,
  };
}

const letters = { added: "A", changed: "C", deleted: "D" } as const;

function changeLine({ change, path, layer, before, after }: FileChange): ImageFileChange {
  return {
    Change: letters[change],
    Path: pathText(path),
    Layer: layer + 1,
    ...(before ? { Before: fileState(before) } : {}),
    ...(after ? { After: fileState(after) } : {}),
  };
}

function fileState(entry: NonNullable<FileChange["after"]>): FileState {
  const { kind, size, mode, uid, gid, target } = entry;
  if (kind === "deletion") throw new Error(`A deletion stands as a file: ${entry.path}`);
  const link = kind === "link" ? { Target: Buffer.from(target, "latin1").toString() } : {};
  return { Type: kind, Size: kind === "directory" ? 0 : size, Mode: mode, Uid: uid, Gid: gid, ...link };
}

/** Bytes of a path as text; what is not UTF-8 becomes replacement characters. */
function pathText(path: string): string {
  return `/${Buffer.from(path, "latin1").toString()}`;
}
