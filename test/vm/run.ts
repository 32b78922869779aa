import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { repository } from "../../scripts/suites.ts";
import { megabytes, writeDisk } from "./disk.ts";
import { distributionKernel, writeInitialRamDisk } from "./kernel.ts";
import { runMachine } from "./machine.ts";

/**
 * Runs end-to-end tests in a virtual machine: a kernel of the distribution with cgroup v2 alone, under software
 * emulation, so that it works where there is no hardware for it. Usage: run.ts [TEST FILE…]
 */
const defaults = ["limits", "run", "storage-quota"].map((name) => `./test/e2e/${name}.test.ts`);
const given = process.argv.slice(2);

const kept = join(repository, "build/vm");
mkdirSync(kept, { recursive: true });
const scratch = mkdtempSync(join(kept, "run-"));
const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
const began = Date.now();
const say = (text: string): void => void process.stdout.write(`test:vm: ${text}\n`);

try {
  const kernel = await distributionKernel(kept);
  say(`kernel ${kernel.version}`);
  const ramDisk = join(scratch, "initrd");
  const disk = join(scratch, "disk");
  await writeInitialRamDisk(kernel, {
    scratch: mkdir("ram"),
    file: ramDisk,
    init: join(import.meta.dir, "guest/init"),
  });
  await writeDisk(kernel, {
    scratch: mkdir("disk.d"),
    file: disk,
    tests: given.length > 0 ? given : defaults,
  });
  rmSync(join(scratch, "disk.d"), { recursive: true });
  say(`disk of ${megabytes(disk)} MB after ${seconds()} s; the machine boots`);
  const code = await runMachine(
    { kernel: kernel.image, ramDisk, disk, spare: join(scratch, "spare") },
    { signal: stop.signal },
  );
  say(`ended with ${code} after ${seconds()} s`);
  process.exitCode = code;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

function mkdir(name: string): string {
  const path = join(scratch, name);
  mkdirSync(path);
  return path;
}

function seconds(): number {
  return Math.round((Date.now() - began) / 1000);
}
