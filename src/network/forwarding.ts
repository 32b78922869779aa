import { readFileSync, writeFileSync } from "node:fs";
import { listChains } from "./chains.ts";
import { type Firewall, forwardingMark } from "./firewall/index.ts";

const setting = "/proc/sys/net/ipv4/ip_forward";

/**
 * Lets the host pass packets on between its links, which containers need to reach the outside. Where that was off, the
 * engine's table is marked, and so are those of engines that come later: the last of them switches it off again. The
 * mark comes before the look at the setting, so that an engine which leaves in this moment sees one of the two.
 */
export function ensureForwarding(firewall: Firewall): void {
  if (isOff() || markedTables().length > 0) firewall.markForwarding();
  if (!isOff()) return;
  firewall.markForwarding();
  writeFileSync(setting, "1");
}

/** Takes the engine's table away with `remove`; forwarding is then as it was before the first engine came. */
export function releaseForwarding(table: string, remove: () => void): void {
  const marked = markedTables();
  const isLast = marked.length === 1 && marked[0] === table;
  if (isLast) writeFileSync(setting, "0");
  remove();
  // An engine that came in between counts on it.
  if (isLast && markedTables().length > 0) writeFileSync(setting, "1");
}

function isOff(): boolean {
  return readFileSync(setting, "utf8").trim() === "0";
}

function markedTables(): readonly string[] {
  return listChains()
    .filter(({ family, name }) => family === "ip" && name === forwardingMark)
    .map(({ table }) => table);
}
