import { EngineError } from "../base/index.ts";
import { releaseSubnet } from "./bridge.ts";
import type { NetworkContext } from "./context.ts";
import { deleteLinks } from "./links.ts";
import { predefined } from "./networks.ts";

/** Removes a network that nothing is attached to. Its name and subnet are free when this returns, or before. */
export async function removeNetwork(context: NetworkContext, reference: string): Promise<void> {
  const network = context.networks.get(reference);
  const { id, name } = network;
  if (predefined.has(name)) {
    throw new EngineError("denied", `${name} is a pre-defined network and cannot be removed`, {
      subject: id,
    });
  }
  if (context.sandboxes.attached(id).length > 0) {
    const text = `error while removing network: network ${name} id ${id} has active endpoints`;
    throw new EngineError("denied", text, { subject: id });
  }
  context.firewall.removeBridge(network.bridge);
  context.step("network:rules-gone");
  releaseSubnet(network);
  context.step("network:subnet-free");
  context.networks.remove(id);
  await deleteLinks([network.bridge]);
  context.step("network:bridge-gone");
}
