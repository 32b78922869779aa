import { netlinkProtocols, openNetlink } from "../sys/index.ts";
import { ownerAlias } from "./bridge.ts";
import type { NetworkContext } from "./context.ts";
import { deleteLink, encode, type Link, listLinks, parseAnswers, throwFailures } from "./netlink/index.ts";

/** Links that carry this engine's names: bridges and host ends of endpoints. */
export function ownLinks(context: Pick<NetworkContext, "prefix" | "networks">): readonly Link[] {
  const { prefix } = context;
  const pattern = new RegExp(`^${prefix}(?:0|-[0-9a-f]{8}|v[0-9a-f]{7})$`);
  const recorded = new Set(context.networks.list().map(({ bridge }) => bridge));
  const alias = ownerAlias(prefix);
  return listLinks().filter(
    (link) => pattern.test(link.name) || recorded.has(link.name) || link.alias === alias,
  );
}

/** Deletes links; the kernel's waiting happens on another thread. Those that are gone already are fine. */
export async function deleteLinks(names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  using socket = openNetlink(netlinkProtocols.route);
  const requests = names.map((name) => ({ ...deleteLink({ name }), tolerates: ["ENODEV"] }));
  const bytes = await socket.transactInBackground(encode(requests), requests.length);
  throwFailures(parseAnswers(bytes), requests);
}
