import { execute } from "./execute.ts";

const minutes = Number(process.env.GANTRY_VM_MINUTES ?? 30);

export interface MachineParts {
  readonly kernel: string;
  readonly ramDisk: string;
  /** The system; writes to it are dropped. */
  readonly disk: string;
  /** Where to make an empty second disk, which the tests limit. */
  readonly spare: string;
}

/**
 * Boots the machine, shows its console, and gives the exit code that it names there. 1 when it ends without one, 124
 * when it does not end in time. No network; the machine can reach nothing.
 */
export async function runMachine(
  parts: MachineParts,
  options: { readonly signal: AbortSignal },
): Promise<number> {
  await execute(["truncate", "-s", "4G", parts.spare]);
  const drive = (file: string, more: string): string =>
    `file=${file},format=raw,if=virtio,cache=unsafe${more}`;
  const child = Bun.spawn(
    [
      "qemu-system-x86_64",
      ...["-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "3072"],
      ...["-nodefaults", "-no-user-config", "-no-reboot", "-nographic", "-serial", "stdio", "-nic", "none"],
      ...["-kernel", parts.kernel, "-initrd", parts.ramDisk],
      ...[
        "-append",
        "console=ttyS0 quiet loglevel=2 panic=-1 random.trust_cpu=on mitigations=off cgroup_no_v1=all",
      ],
      ...["-drive", drive(parts.disk, ",snapshot=on"), "-drive", drive(parts.spare, "")],
      ...["-device", "virtio-rng-pci"],
    ],
    { stdin: "ignore", stdout: "pipe", stderr: "inherit" },
  );
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
  }, minutes * 60_000);
  options.signal.addEventListener("abort", () => child.kill("SIGKILL"));
  const code = await follow(child.stdout);
  await child.exited;
  clearTimeout(timer);
  if (late) process.stdout.write(`test:vm: the machine did not end within ${minutes} minutes\n`);
  return late ? 124 : (code ?? 1);
}

/** Passes the console on; the last line `vm: exit N` tells how the tests went. */
async function follow(console: ReadableStream<Uint8Array>): Promise<number | undefined> {
  let code: number | undefined;
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of console) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      process.stdout.write(`${line.trimEnd()}\n`);
      const found = /^vm: exit (\d+)/.exec(line)?.[1];
      if (found !== undefined) code = Number(found);
    }
  }
  return code;
}
