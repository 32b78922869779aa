import { cpSync, existsSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { repository } from "../../scripts/suites.ts";
import { execute } from "./execute.ts";
import type { Kernel } from "./kernel.ts";
import { neededFiles } from "./programs.ts";

/** Of the repository: what engine and tests are made of. */
const parts = ["bin", "native", "scripts", "src", "test", "package.json", "tsconfig.json"];
/** Packages for checking sources, which no test loads. */
const unused = /\/(@biomejs|typescript|@typescript|bun-types|@types)(\/|$)|\/bunx\.exe$/;

/**
 * Makes the disk of the machine: this repository as it is, the programs it needs from this machine, the kernel's
 * modules, and the names of the test files to run. An ext4 file system in a file; nothing is mounted here.
 */
export async function writeDisk(
  kernel: Kernel,
  at: { readonly scratch: string; readonly file: string; readonly tests: readonly string[] },
): Promise<void> {
  const root = at.scratch;
  makeDirectories(root);
  for (const part of [...parts, ...builtParts(), "node_modules"]) {
    const source = join(repository, part);
    if (!existsSync(source)) continue;
    cpSync(source, join(root, "gantry", part), {
      recursive: true,
      verbatimSymlinks: true,
      // The launcher takes a bundle that is newer than its sources.
      preserveTimestamps: true,
      filter: (path) => !unused.test(path),
    });
  }
  const extra = ["build/libgantry.so", "build/gantry-layer", "node_modules/bun/bin/bun.exe"];
  for (const { path, source } of neededFiles(extra.map((file) => join(repository, file)))) {
    const target = join(root, mergedPath(path));
    mkdirSync(dirname(target), { recursive: true });
    cpSync(source, target);
  }
  await addLinks(root);
  cpSync(join(kernel.root, "lib/modules"), join(root, "usr/lib/modules"), { recursive: true });
  cpSync(join(import.meta.dir, "guest/run"), join(root, "guest/run"));
  writeFileSync(join(root, "guest/tests"), `${at.tests.join("\n")}\n`);
  await execute(["truncate", "-s", "1500M", at.file]);
  await execute(["mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-d", root, at.file]);
}

/** What was built, without the machines of this and other runs. */
function builtParts(): string[] {
  const names = readdirSync(join(repository, "build")).filter(
    (name) => name !== "vm" && !name.startsWith("."),
  );
  return names.map((name) => join("build", name));
}

function makeDirectories(root: string): void {
  const names = [
    "proc",
    "sys",
    "dev",
    "run",
    "tmp",
    "root",
    "etc",
    "guest",
    "var/tmp",
    "usr/bin",
    "usr/sbin",
  ];
  for (const name of [...names, "usr/lib", "usr/lib64", "gantry"]) {
    mkdirSync(join(root, name), { recursive: true });
  }
  for (const name of ["bin", "sbin", "lib", "lib64"]) symlinkSync(`usr/${name}`, join(root, name));
  writeFileSync(join(root, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n");
  writeFileSync(join(root, "etc/group"), "root:x:0:\n");
  writeFileSync(join(root, "etc/hosts"), "127.0.0.1\tlocalhost\n");
  writeFileSync(join(root, "etc/os-release"), 'ID=debian\nPRETTY_NAME="Debian in a virtual machine"\n');
  for (const file of ["/etc/protocols", "/etc/services"]) {
    if (existsSync(file)) cpSync(file, join(root, file));
  }
}

/** `/bin/x` is `/usr/bin/x` on the disk, as on this distribution. */
function mergedPath(path: string): string {
  return /^\/(bin|sbin|lib|lib64)\//.test(path) ? `/usr${path}` : path;
}

/** Every other command is busybox's; the kernel looks for modprobe at its place. */
async function addLinks(root: string): Promise<void> {
  const commands = await execute([join(root, "usr/bin/busybox"), "--list"]);
  for (const name of commands.trim().split("\n")) {
    const path = join(root, "usr/bin", name);
    if (!existsSync(path) && !existsSync(join(root, "usr/sbin", name))) symlinkSync("busybox", path);
  }
  const kmod = existsSync(join(root, "usr/bin/kmod")) ? "../bin/kmod" : "kmod";
  symlinkSync(kmod, join(root, "usr/sbin/modprobe"));
}

/** Whole megabytes, for the report. */
export function megabytes(file: string): number {
  return Math.round((statSync(file).blocks * 512) / 1024 ** 2);
}
