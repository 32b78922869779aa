import { EngineError } from "../base/index.ts";
import type { Collaborators } from "./collaborators.ts";
import { rewriteHosts } from "./files.ts";
import { isLive } from "./state.ts";

/** Takes a legacy link away, named as `parent/alias`. Throws `conflict` or `not-found` with Docker's words. */
export async function removeLink(
  needs: Pick<Collaborators, "store" | "network" | "paths">,
  linkName: string,
): Promise<void> {
  const name = `/${linkName.replace(/^\/+|\/+$/g, "")}`;
  const cut = name.lastIndexOf("/");
  if (cut <= 0) {
    throw new EngineError("conflict", "Conflict, cannot remove the default link name of the container", {
      subject: name,
    });
  }
  const [parentName, alias] = [name.slice(0, cut), name.slice(cut + 1)];
  const parent = needs.store.find(parentName);
  if (!parent) {
    throw new EngineError("not-found", `Cannot get parent ${parentName} for link name ${name}`, {
      subject: name,
    });
  }
  await needs.store.locks.run(parent.id, async () => {
    const record = needs.store.get(parent.id);
    const links = record.hostConfig.Links ?? [];
    const left = links.filter((link) => aliasOf(link) !== alias);
    if (left.length === links.length) {
      throw new EngineError("not-found", `No such link: ${name}`, { subject: name });
    }
    const unlinked = {
      ...record,
      hostConfig: { ...record.hostConfig, Links: left.length > 0 ? left : null },
    };
    needs.store.put(unlinked);
    if (isLive(record.state)) await rewriteHosts(needs, unlinked);
  });
}

/** `peer:alias`, `peer`, or as Docker's inspect shows it: `/peer:/parent/alias`. */
function aliasOf(link: string): string {
  return (link.split(":").at(-1) ?? "").replace(/^.*\//, "");
}
