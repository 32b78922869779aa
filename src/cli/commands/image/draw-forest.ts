import { formatBytes, shortID } from "../../../base/index.ts";
import { ellipsis } from "../../listing/index.ts";
import type { Forest, ImageStack, LayerNode } from "./layer-forest.ts";

export interface DrawOptions {
  readonly colours: boolean;
  /** The terminal's width; undefined draws as wide as need be. */
  readonly columns: number | undefined;
}

interface Line {
  readonly tree: string;
  readonly node: LayerNode;
}

/** The forest as text: the lowest layers first, a branch where images part, an image's name at its top layer. */
export function drawForest(forest: Forest, options: DrawOptions): string {
  if (forest.roots.length === 0) return "No images\n";
  const paint = painter(options.colours);
  const lines = forest.roots.flatMap((root, index) => [
    ...(index > 0 ? [undefined] : []),
    ...walk(root, { first: "", rest: "" }),
  ]);
  const shown = lines.filter((line) => line !== undefined);
  const treeWidth = Math.max(...shown.map((line) => line.tree.length)) + 1;
  const nameWidth = Math.max(...shown.map((line) => namesOf(line.node).length));
  const stepWidth = Math.max(20, Math.min(44, (options.columns ?? 120) - treeWidth - nameWidth - 36));
  const body = lines.map((line) => (line ? drawLine(line, { paint, treeWidth, stepWidth }) : ""));
  return `${body.join("\n")}\n\n${summary(forest, paint)}\n`;
}

/** A stack goes straight on; it is drawn aside where several stand on one layer. */
function walk(node: LayerNode, prefix: { first: string; rest: string }): Line[] {
  const own: Line = { tree: `${prefix.first}■`, node };
  const [only] = node.above;
  if (node.above.length === 1 && only) return [own, ...walk(only, { first: prefix.rest, rest: prefix.rest })];
  const last = node.above.length - 1;
  const branches = node.above.flatMap((child, index) =>
    walk(child, {
      first: `${prefix.rest}${index === last ? "└─" : "├─"}`,
      rest: `${prefix.rest}${index === last ? "  " : "│ "}`,
    }),
  );
  return [own, ...branches];
}

interface LineStyle {
  readonly paint: Paint;
  readonly treeWidth: number;
  readonly stepWidth: number;
}

function drawLine({ tree, node }: Line, { paint, treeWidth, stepWidth }: LineStyle): string {
  const size = formatBytes(node.layer.size).padStart(8);
  const step = ellipsis(node.layer.createdBy || "-", stepWidth).padEnd(stepWidth);
  const shared = node.users > 1 ? paint.shared(`shared by ${node.users}`.padEnd(12)) : " ".repeat(12);
  const text = `${paint.tree(tree.padEnd(treeWidth))}${size}  ${paint.dim(step)}  ${shared}`;
  return `${text}  ${paint.name(namesOf(node))}`.trimEnd();
}

function namesOf({ images }: LayerNode): string {
  return images.map(nameOf).join(", ");
}

function nameOf({ id, names }: ImageStack): string {
  return names.length > 0 ? names.join(", ") : `<none> ${shortID(id)}`;
}

function summary({ totals }: Forest, paint: Paint): string {
  const { imageCount, layerCount, uniqueSize, sumSize } = totals;
  const saved = sumSize - uniqueSize;
  const share = sumSize === 0 ? 0 : Math.round((saved / sumSize) * 100);
  const counts = `${imageCount} ${imageCount === 1 ? "image" : "images"}, ${layerCount} ${layerCount === 1 ? "layer" : "layers"}`;
  const stored = `${formatBytes(uniqueSize)} stored, ${formatBytes(sumSize)} in all images together`;
  return paint.name(`${counts}: ${stored}; sharing saves ${formatBytes(saved)} (${share}%)`);
}

interface Paint {
  tree(text: string): string;
  dim(text: string): string;
  shared(text: string): string;
  name(text: string): string;
}

function painter(colours: boolean): Paint {
  const paint = (code: number) => (text: string) => (colours ? `\u001b[${code}m${text}\u001b[0m` : text);
  return { tree: paint(36), dim: paint(2), shared: paint(32), name: paint(1) };
}
