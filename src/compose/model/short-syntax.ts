import { type Tree, textAt, textOf } from "./tree.ts";

/** One published port, as the long syntax says it; values are still text. */
export interface PortParts {
  readonly hostIp?: string;
  readonly published?: string;
  readonly target: string;
  readonly protocol: string;
}

/** `source:target:options` of a volume, cut. */
export interface VolumeParts {
  readonly source?: string;
  readonly target: string;
  readonly options: readonly string[];
}

/** Cuts `[IP:][host[-range]:]container[-range][/protocol]`; undefined when it does not read so. */
export function cutPort(text: string): PortParts | undefined {
  const match =
    /^(?:(?:\[([0-9a-fA-F:.]+)\]|([^:[\]/]+)):(?=[^:]*:))?(?:(\d+(?:-\d+)?)?:)?(\d+(?:-\d+)?)(?:\/([a-z]+))?$/i.exec(
      text,
    );
  const target = match?.[4];
  if (!match || target === undefined) return undefined;
  const hostIp = match[1] ?? match[2];
  return {
    ...(hostIp === undefined ? {} : { hostIp }),
    ...(match[3] === undefined ? {} : { published: match[3] }),
    target,
    protocol: (match[5] ?? "tcp").toLowerCase(),
  };
}

/** Cuts `[source:]target[:options]`; undefined when there is no target. */
export function cutVolume(text: string): VolumeParts | undefined {
  const parts = text.split(":");
  const [first, second, third, ...more] = parts;
  if (first === undefined || first === "" || more.length > 0) return undefined;
  if (second === undefined) return { target: first, options: [] };
  if (third === undefined && !second.startsWith("/")) {
    return first.startsWith("/") ? { target: first, options: second.split(",") } : undefined;
  }
  return second === "" ? undefined : { source: first, target: second, options: third?.split(",") ?? [] };
}

/** What makes a port one of its kind: address, published, target, protocol. */
export function portKey(item: Tree): string | undefined {
  const text = textOf(item);
  const parts = text === undefined ? longPort(item) : cutPort(text);
  if (parts === undefined) return text;
  return [parts.hostIp ?? "0.0.0.0", parts.published ?? "", parts.target, parts.protocol].join("/");
}

function longPort(item: Tree): PortParts | undefined {
  const target = textAt(item, "target");
  if (target === undefined) return undefined;
  const hostIp = textAt(item, "host_ip");
  const published = textAt(item, "published");
  return {
    ...(hostIp === undefined ? {} : { hostIp }),
    ...(published === undefined ? {} : { published }),
    target,
    protocol: textAt(item, "protocol") ?? "tcp",
  };
}

/** The path inside the container that a volume or device is seen at. */
export function targetOfVolume(item: Tree): string | undefined {
  const text = textOf(item);
  return text === undefined ? textAt(item, "target") : (cutVolume(text)?.target ?? text);
}

/** The path inside the container of a secret or config, given where short names go. */
export function targetOfMount(directory: string): (item: Tree) => string | undefined {
  return (item) => {
    const target = textAt(item, "target");
    if (target !== undefined) return target.startsWith("/") ? target : `${directory}/${target}`;
    const source = textOf(item) ?? textAt(item, "source");
    return source === undefined ? undefined : `${directory}/${source}`;
  };
}
