import type { PortSummary } from "../../wire/index.ts";

/** A container's ports as `docker ps` shows them: consecutive ones that run in parallel joined to ranges. */
export function portText(ports: readonly PortSummary[]): string {
  const sorted = [...ports].sort(
    (a, b) =>
      a.PrivatePort - b.PrivatePort ||
      compare(a.IP ?? "", b.IP ?? "") ||
      (a.PublicPort ?? 0) - (b.PublicPort ?? 0) ||
      compare(a.Type, b.Type),
  );
  const groups = new Map<string, Group>();
  const texts: string[] = [];
  const mapped: string[] = [];
  for (const port of sorted) {
    const key = groupKey(port);
    if (key === undefined) {
      mapped.push(`${address(port.IP)}:${port.PublicPort}->${port.PrivatePort}/${port.Type}`);
      continue;
    }
    const group = groups.get(key);
    if (group && port.PrivatePort === group.last + 1) {
      group.last = port.PrivatePort;
      continue;
    }
    if (group) texts.push(groupText(key, group));
    groups.set(key, { first: port.PrivatePort, last: port.PrivatePort });
  }
  for (const [key, group] of groups) texts.push(groupText(key, group));
  return [...texts, ...mapped].join(", ");
}

interface Group {
  first: number;
  last: number;
}

/** Ports that may join: unpublished ones of a protocol, and those published under their own number. */
function groupKey(port: PortSummary): string | undefined {
  if (!port.IP) return port.PublicPort ? undefined : port.Type;
  return port.PublicPort === port.PrivatePort ? `${address(port.IP)}/${port.Type}` : undefined;
}

function groupText(key: string, { first, last }: Group): string {
  const at = key.lastIndexOf("/");
  const [host, type] = at < 0 ? ["", key] : [key.slice(0, at), key.slice(at + 1)];
  const range = first === last ? String(first) : `${first}-${last}`;
  return host === "" ? `${range}/${type}` : `${host}:${range}->${range}/${type}`;
}

function address(ip = ""): string {
  return ip.includes(":") ? `[${ip}]` : ip;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
