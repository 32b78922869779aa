import { removeNetworkNamespace } from "../sys/index.ts";
import { muteEndpoints } from "./attach.ts";
import { attempt, type NetworkContext, namespacePath } from "./context.ts";
import { unpublishPorts } from "./publish.ts";
import { withdrawNames } from "./resolve.ts";

/**
 * Closes and forgets a sandbox; absent is a success. The namespace is let go of, and the kernel takes its links
 * away when it likes: their addresses and names are free at once. A step that fails stops none of the others.
 */
export function closeSandbox(context: NetworkContext, id: string): void {
  const step = (name: string, work: () => void) => attempt(context.log, name, id, work);
  const sandbox = context.sandboxes.find(id)?.sandbox;
  step("stop its resolver", () => context.resolvers.close(id));
  if (sandbox) {
    withdrawNames(context, id, sandbox.endpoints);
    step("withdraw its ports", () => unpublishPorts(context, sandbox, sandbox.ports));
    step("cut off its endpoints", () => muteEndpoints(context, sandbox.endpoints));
  }
  context.step("sandbox:withdrawn");
  step("let go of its namespace", () => removeNetworkNamespace(namespacePath(context, id)));
  context.step("sandbox:namespace-gone");
  if (sandbox) context.sandboxes.remove(id);
}
