import { messageOf } from "../base/index.ts";
import { removeNetworkNamespace } from "../sys/index.ts";
import { isolateEndpoints } from "./attach.ts";
import { type NetworkContext, namespacePath } from "./context.ts";
import { unpublishPorts } from "./publish.ts";
import { withdrawNames } from "./resolve.ts";

/**
 * Closes and forgets a sandbox; absent is a success. The namespace is let go of, and the kernel takes its links
 * away when it likes: their addresses and names are free at once. A step that fails stops none of the others.
 */
export function closeSandbox(context: NetworkContext, id: string): void {
  const attempt = (step: string, work: () => void) => {
    try {
      work();
    } catch (error) {
      context.log.warn(`closing a sandbox: cannot ${step}`, { sandbox: id, error: messageOf(error) });
    }
  };
  const sandbox = context.sandboxes.find(id)?.sandbox;
  attempt("stop its resolver", () => context.resolvers.close(id));
  if (sandbox) {
    withdrawNames(context, id, sandbox.endpoints);
    attempt("withdraw its ports", () => unpublishPorts(context, id, sandbox.ports));
    attempt("cut off its endpoints", () => isolateEndpoints(context, sandbox.endpoints));
  }
  attempt("let go of its namespace", () => removeNetworkNamespace(namespacePath(context, id)));
  if (sandbox) context.sandboxes.remove(id);
}
