import { realpathSync } from "node:fs";

/** What tests and engine run, besides what is in the repository. */
export const programs: readonly string[] = [
  ...["crun", "runc", "docker", "busybox", "ip", "kmod", "mke2fs", "mount", "umount"],
  // The launcher and the tests want these as they are on a distribution.
  ...["sh", "find", "readlink", "env", "dirname", "cat", "ps", "tar"],
];

/** Libraries that are opened by name at run time. */
export const libraries: readonly string[] = ["libnftables.so.1"];

/** A file as it must be put onto the disk: the path where it is looked for, and where it really is. */
export interface Needed {
  readonly path: string;
  readonly source: string;
}

/** The programs found on this machine with every shared library that they load. Throws when one is missing. */
export function neededFiles(extra: readonly string[]): Needed[] {
  const files = programs.map(locate);
  const loaded = [...files, ...libraries.map(locateLibrary), ...extra].flatMap(sharedLibraries);
  const all = [...new Set([...files, ...libraries.map(locateLibrary), ...loaded])];
  return all.map((path) => ({ path, source: realpathSync(path) }));
}

function locate(name: string): string {
  const path = Bun.which(name, { PATH: `${process.env.PATH}:/usr/sbin:/sbin` });
  if (path === null) throw new Error(`the virtual machine needs ${name}, which this machine does not have`);
  return path;
}

function locateLibrary(name: string): string {
  const { stdout } = Bun.spawnSync(["ldconfig", "-p"], {
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
  });
  const line = stdout
    .toString()
    .split("\n")
    .find((text) => text.trim().startsWith(`${name} `));
  const path = line?.split(" => ")[1];
  if (path === undefined)
    throw new Error(`the virtual machine needs ${name}, which this machine does not have`);
  return path;
}

/** Empty for a static program. */
function sharedLibraries(path: string): string[] {
  const { stdout } = Bun.spawnSync(["ldd", path], { stderr: "ignore" });
  return stdout
    .toString()
    .split("\n")
    .flatMap((line) => /(\/\S+) \(0x/.exec(line)?.[1] ?? []);
}
