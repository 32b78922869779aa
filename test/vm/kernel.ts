import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { execute } from "./execute.ts";

const metaPackage = "linux-image-cloud-amd64";

/** A kernel of the distribution, unpacked: nothing of it is installed on this machine. */
export interface Kernel {
  readonly version: string;
  readonly image: string;
  /** Holds `lib/modules/VERSION` with its index. */
  readonly root: string;
}

/** Downloads and unpacks the distribution's kernel for clouds, once; later runs find it in `directory`. */
export async function distributionKernel(directory: string): Promise<Kernel> {
  const name = await kernelPackage();
  const root = join(directory, name);
  if (!existsSync(root)) await unpackPackage(directory, name, root);
  const version = readdirSync(join(root, "lib/modules"))[0];
  if (version === undefined) throw new Error(`the package ${name} holds no kernel modules`);
  return { version, image: join(root, "boot", `vmlinuz-${version}`), root };
}

/** The package behind the one that always means the newest. */
async function kernelPackage(): Promise<string> {
  const text = await execute(["apt-cache", "depends", metaPackage]);
  const found = /Depends: (linux-image-\S+)/.exec(text)?.[1];
  if (found === undefined) throw new Error(`apt knows no package ${metaPackage}`);
  return found;
}

async function unpackPackage(directory: string, name: string, root: string): Promise<void> {
  const scratch = join(directory, "download");
  rmSync(scratch, { recursive: true, force: true });
  mkdirSync(scratch, { recursive: true });
  await execute(["apt-get", "-qq", "download", name], scratch);
  const archive = readdirSync(scratch).find((file) => file.endsWith(".deb"));
  if (archive === undefined) throw new Error(`apt-get downloaded no ${name}`);
  const unpacked = join(scratch, "root");
  await execute(["dpkg-deb", "-x", join(scratch, archive), unpacked]);
  const version = readdirSync(join(unpacked, "lib/modules"))[0] ?? "";
  await execute(["depmod", "-b", unpacked, version]);
  renameSync(unpacked, root);
  rmSync(scratch, { recursive: true });
}

/** Writes the initial RAM disk: a static busybox, the modules for a disk, and the script that mounts it. */
export async function writeInitialRamDisk(
  kernel: Kernel,
  at: { readonly scratch: string; readonly file: string; readonly init: string },
): Promise<void> {
  const { scratch } = at;
  for (const name of ["bin", "proc", "sys", "dev", "new"])
    mkdirSync(join(scratch, name), { recursive: true });
  await execute(["cp", Bun.which("busybox") ?? "/bin/busybox", join(scratch, "bin/busybox")]);
  await execute(["cp", at.init, join(scratch, "init")]);
  for (const name of ["sh", "mount", "modprobe", "uname", "sleep", "poweroff", "switch_root", "["]) {
    await execute(["ln", "-s", "busybox", join(scratch, "bin", name)]);
  }
  await copyModules(kernel, scratch, ["virtio_pci", "virtio_blk", "virtio_rng", "ext4"]);
  await execute(["sh", "-c", 'find . | cpio --quiet -o -H newc >"$0"', at.file], scratch);
}

/** Modules with all that they need, and an index of just these. */
async function copyModules(kernel: Kernel, target: string, names: readonly string[]): Promise<void> {
  const lines = await Promise.all(
    names.map((name) =>
      execute(["modprobe", "-d", kernel.root, "-S", kernel.version, "--show-depends", name]),
    ),
  );
  const files = new Set(
    lines.flatMap((text) => [...text.matchAll(/^insmod (\S+)/gm)].map((match) => match[1]!)),
  );
  for (const file of files) {
    const path = join(target, file.slice(kernel.root.length));
    mkdirSync(join(path, ".."), { recursive: true });
    await execute(["cp", file, path]);
  }
  for (const name of ["modules.order", "modules.builtin"]) {
    await execute([
      "cp",
      join(kernel.root, "lib/modules", kernel.version, name),
      join(target, "lib/modules", kernel.version),
    ]);
  }
  await execute(["depmod", "-b", target, kernel.version]);
}
