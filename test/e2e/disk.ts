import { mkdirSync } from "node:fs";

export interface SmallDisk {
  /** Where its bytes are kept. */
  readonly file: string;
  /** Where it is mounted; made. */
  readonly at: string;
  readonly megabytes: number;
  /** Holds projects to their limits; not every kernel can. Default false. */
  readonly quotas?: boolean;
}

/** Makes and mounts an ext4 file system in a file. Throws, with the reason, when it cannot. */
export function mountDisk({ file, at, megabytes, quotas = false }: SmallDisk): void {
  const features = quotas ? ["-I", "256", "-O", "quota,project", "-E", "quotatype=prjquota"] : [];
  mkdirSync(at);
  runNow(["truncate", "-s", `${megabytes}M`, file]);
  runNow(["mke2fs", "-q", "-F", "-m", "0", "-t", "ext4", ...features, file]);
  runNow(["mount", "-o", quotas ? "loop,prjquota" : "loop", file, at]);
}

export function unmountDisk(at: string): void {
  runNow(["umount", at]);
}

function runNow(command: string[]): void {
  const { exitCode, stderr } = Bun.spawnSync(command);
  if (exitCode !== 0) throw new Error(`${command.join(" ")} ended with ${exitCode}: ${stderr}`);
}
