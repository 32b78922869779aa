import { mistake } from "./error.ts";
import { cutPort, type PortParts } from "./short-syntax.ts";
import { type Dict, dict, leaf, list, type Path, type Tree, textAt, textOf, withEntry } from "./tree.ts";

interface Range {
  readonly first: number;
  readonly last: number;
}

/** Ports in the long form, ranges of the short form cut into single ports. */
export function canonicalPorts(value: Tree, path: Path): Tree {
  if (value.kind !== "list") return value;
  const items = value.items.flatMap((item, index) =>
    item.kind === "dict" ? [longPort(item, [...path, index])] : shortPort(item, [...path, index]),
  );
  return list(items, value.at);
}

function longPort(port: Dict, path: Path): Dict {
  const target = textAt(port, "target") ?? "";
  const { first } = rangeOf(target, port, path);
  const published = textAt(port, "published");
  if (published !== undefined) rangeOf(published, port, path);
  let result = withEntry(port, "target", leaf(first, port.at));
  if (published !== undefined) result = withEntry(result, "published", leaf(published, port.at));
  return withDefaults(result);
}

function withDefaults(port: Dict): Dict {
  const mode = textAt(port, "mode") ?? "ingress";
  const protocol = textAt(port, "protocol") ?? "tcp";
  return withEntry(withEntry(port, "mode", leaf(mode, port.at)), "protocol", leaf(protocol, port.at));
}

function shortPort(item: Tree, path: Path): Dict[] {
  const text = textOf(item) ?? "";
  const parts = cutPort(text);
  if (parts === undefined) throw mistake(item.at, path, `invalid port '${text}'`);
  if (!["tcp", "udp", "sctp"].includes(parts.protocol)) {
    throw mistake(item.at, path, `invalid protocol '${parts.protocol}'`);
  }
  const targets = rangeOf(parts.target, item, path);
  const published = parts.published === undefined ? undefined : rangeOf(parts.published, item, path);
  const count = targets.last - targets.first + 1;
  if (published !== undefined && count > 1 && published.last - published.first + 1 !== count) {
    throw mistake(item.at, path, `invalid ranges specified for container and host ports: ${text}`);
  }
  return Array.from({ length: count }, (_, offset) =>
    spelled(item, parts, targets.first + offset, publishedAt(published, count, offset)),
  );
}

function publishedAt(range: Range | undefined, count: number, offset: number): string | undefined {
  if (range === undefined) return undefined;
  if (count > 1 || range.first === range.last) return String(range.first + offset);
  return `${range.first}-${range.last}`;
}

function spelled(item: Tree, parts: PortParts, target: number, published: string | undefined): Dict {
  const entries: [string, Tree][] = [["mode", leaf("ingress", item.at)]];
  if (parts.hostIp !== undefined) entries.push(["host_ip", leaf(parts.hostIp, item.at)]);
  entries.push(["target", leaf(target, item.at)]);
  if (published !== undefined) entries.push(["published", leaf(published, item.at)]);
  entries.push(["protocol", leaf(parts.protocol, item.at)]);
  return dict(entries, item.at);
}

function rangeOf(text: string, item: Tree, path: Path): Range {
  const match = /^(\d+)(?:-(\d+))?$/.exec(text);
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? match?.[1]);
  if (!match || first > 65535 || last > 65535 || last < first) {
    throw mistake(item.at, path, `invalid port '${text}'`);
  }
  return { first, last };
}
