import { stat } from "node:fs/promises";
import { basename, dirname, join, posix } from "node:path";
import type { Cli } from "../../cli.ts";
import { ExitError } from "../../exit.ts";
import type { CopyHow, CopyPlan } from "./copy-in.ts";
import { unpackTo } from "./unpack.ts";

/** Copies a path of a container to this machine, by the rules of `cp`; gives the bytes of the files. */
export async function copyOut(cli: Cli, plan: CopyPlan, how: CopyHow): Promise<number> {
  const { containers } = cli.client;
  const path = how.follow ? await followed(cli, plan) : plan.path;
  const { stat: found, tar } = await containers.copyOut(plan.container, path);
  if (plan.local === "-") {
    for await (const chunk of tar) await cli.out.write(chunk);
    return 0;
  }
  const isDirectory = Math.floor(found.mode / 2 ** 31) % 2 === 1;
  const contents = plan.path.endsWith("/.") && isDirectory;
  const target = await targetFor(plan.local, { name: found.name, isDirectory, contents });
  return await unpackTo(tar, { target, archive: how.archive });
}

async function followed(cli: Cli, { container, path }: CopyPlan): Promise<string> {
  const { linkTarget } = await cli.client.containers.stat(container, path);
  return linkTarget ? posix.resolve(posix.dirname(path), linkTarget) : path;
}

/** Where the top of the tar goes. */
async function targetFor(
  local: string,
  source: { name: string; isDirectory: boolean; contents: boolean },
): Promise<string> {
  const bare = local.replace(/\/\.?$/, "") || "/";
  const found = await stat(bare).catch(() => undefined);
  if (found?.isDirectory()) return source.contents ? bare : join(bare, basename(source.name) || ".");
  if (found && source.isDirectory) throw new ExitError(1, "cannot copy directory");
  if (found && local.endsWith("/")) throw new ExitError(1, "not a directory");
  if (!found && local.endsWith("/") && !source.isDirectory) {
    throw new ExitError(1, `destination directory "${local}" must exist`);
  }
  const parent = await stat(dirname(bare)).catch(() => undefined);
  if (!parent?.isDirectory()) {
    throw new ExitError(1, `invalid output path: directory "${dirname(bare)}" does not exist`);
  }
  return bare;
}
