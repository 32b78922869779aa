import { EngineError } from "../../base/index.ts";
import type { Mount } from "../../oci/index.ts";
import { type ResolvedUser, resolveUser } from "../../runtime/index.ts";
import { readTreeFile } from "../../snapshot/index.ts";

/** Resolves `user[:group]` as USER says it with the files of a tree; throws `invalid` in Docker's words. */
export async function lookupUser(text: string, mounts: readonly Mount[]): Promise<ResolvedUser> {
  const [passwd, group] = await Promise.all([
    treeText(mounts, "/etc/passwd"),
    treeText(mounts, "/etc/group"),
  ]);
  return resolveUser(text, passwd, group);
}

/**
 * Resolves `user[:group]` as `--chown` says it: a number alone stands for the group as well, a name alone brings
 * its own. `mounts` are asked for only when there is a name.
 */
export async function lookupOwner(
  text: string,
  mounts: () => Promise<readonly Mount[] | undefined>,
): Promise<{ uid: number; gid: number }> {
  const numbers = /^(\d+)(?::(\d+))?$/.exec(text);
  if (numbers) return checkOwner(text, { uid: Number(numbers[1]), gid: Number(numbers[2] ?? numbers[1]) });
  const tree = await mounts();
  const { uid, gid } = tree ? await lookupUser(text, tree) : resolveUser(text, "", "");
  return { uid, gid };
}

function checkOwner(text: string, owner: { uid: number; gid: number }): { uid: number; gid: number } {
  if (owner.uid < 2 ** 32 - 1 && owner.gid < 2 ** 32 - 1) return owner;
  throw new EngineError("invalid", `invalid owner ${text}: out of range`, { subject: text });
}

async function treeText(mounts: readonly Mount[], path: string): Promise<string> {
  const bytes = await readTreeFile(mounts, path);
  return bytes ? new TextDecoder().decode(bytes) : "";
}
