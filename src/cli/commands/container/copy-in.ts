import { lstat, stat } from "node:fs/promises";
import { basename, dirname, posix } from "node:path";
import { codeOf, isKind } from "../../../base/index.ts";
import type { PathStat } from "../../../wire/index.ts";
import type { Cli } from "../../cli.ts";
import { ExitError } from "../../exit.ts";
import { packPath } from "./pack-path.ts";

export interface CopyPlan {
  readonly container: string;
  /** In the container. */
  readonly path: string;
  /** Here: absolute, or `-` for a tar on stdin or stdout. */
  readonly local: string;
}

export interface CopyHow {
  /** Keep owners. */
  readonly archive: boolean;
  /** Copy what a link points to. */
  readonly follow: boolean;
}

/** Copies a path of this machine into a container, by the rules of `cp`; gives the bytes of the files. */
export async function copyIn(cli: Cli, plan: CopyPlan, how: CopyHow): Promise<number> {
  const { containers } = cli.client;
  const options = { noOverwriteDirNonDir: true, copyUIDGID: how.archive };
  if (plan.local === "-") {
    await containers.copyIn(plan.container, plan.path, cli.stdin(), options);
    return 0;
  }
  const source = await sourceOf(plan.local, how.follow);
  const place = await placeFor(cli, plan, source);
  const counter = { bytes: 0 };
  const tar = packPath(source.path, { as: place.name, ...how, counter });
  await containers.copyIn(plan.container, place.directory, tar, options);
  return counter.bytes;
}

interface Source {
  readonly path: string;
  readonly isDirectory: boolean;
  /** The path ended with `/.`: what is in the directory, not itself. */
  readonly contents: boolean;
}

async function sourceOf(local: string, follow: boolean): Promise<Source> {
  const contents = local.endsWith("/.");
  const mustBeDirectory = contents || local.endsWith("/");
  const path = local.replace(/\/\.?$/, "") || "/";
  const look = follow || mustBeDirectory ? stat : lstat;
  const stats = await look(path).catch((error: unknown) => {
    if (codeOf(error) !== "ENOENT") throw error;
    throw new ExitError(1, `lstat ${path}: no such file or directory`);
  });
  if (mustBeDirectory && !stats.isDirectory()) throw new ExitError(1, "not a directory");
  return { path, isDirectory: stats.isDirectory(), contents };
}

interface Place {
  /** Where the engine unpacks. */
  readonly directory: string;
  /** What the top of the tar is called; `.` unpacks a directory's contents. */
  readonly name: string;
}

async function placeFor(cli: Cli, plan: CopyPlan, source: Source): Promise<Place> {
  const target = posix.join("/", plan.path.replace(/\/\.?$/, "")) || "/";
  const found = await statInside(cli, plan.container, target);
  const beside = {
    directory: posix.dirname(found?.path ?? target),
    name: posix.basename(found?.path ?? target),
  };
  if (!found) {
    if (plan.path.endsWith("/") && !source.isDirectory) {
      throw new ExitError(1, `destination directory ${JSON.stringify(plan.path)} must exist`);
    }
    return beside;
  }
  if (isDirectory(found.stat)) {
    return { directory: found.path, name: source.contents ? "." : basename(source.path) || "." };
  }
  if (plan.path.endsWith("/")) throw new ExitError(1, "not a directory");
  if (source.isDirectory) throw new ExitError(1, "cannot copy directory");
  return beside;
}

/** What the path names in the container, a link followed once, as Docker does. */
async function statInside(
  cli: Cli,
  container: string,
  path: string,
): Promise<{ path: string; stat: PathStat } | undefined> {
  const found = await statOrNothing(cli, container, path);
  if (!found?.linkTarget) return found && { path, stat: found };
  const target = posix.resolve(dirname(path), found.linkTarget);
  const behind = await statOrNothing(cli, container, target);
  return behind && { path: target, stat: behind };
}

async function statOrNothing(cli: Cli, container: string, path: string): Promise<PathStat | undefined> {
  try {
    return await cli.client.containers.stat(container, path);
  } catch (error) {
    // An answer without a body has no words; a container that is not there fails again when copied to.
    if (isKind(error, "not-found")) return undefined;
    throw error;
  }
}

/** The directory bit of Go's FileMode. */
function isDirectory({ mode }: PathStat): boolean {
  return Math.floor(mode / 2 ** 31) % 2 === 1;
}
