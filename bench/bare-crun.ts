import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ThrowawayEngine } from "../scripts/throwaway.ts";

/**
 * `crun run` on the bundle of a container of ours, with nothing around it. Where the cgroup v2 mount of a hybrid
 * system would keep crun from running, it runs in a mount namespace without it, as under our shim; entering that
 * namespace happens once and is not part of the time.
 */
export class BareCrun implements AsyncDisposable {
  readonly #child: Bun.Subprocess<"pipe", "pipe", "inherit">;
  readonly #lines: AsyncIterator<string>;

  private constructor(bundle: string, name: string) {
    const program = join(import.meta.dir, "crun-loop.ts");
    this.#child = Bun.spawn(
      ["unshare", "--mount", "--propagation", "private", process.execPath, program, bundle, name],
      {
        stdin: "pipe",
        stdout: "pipe",
        stderr: "inherit",
      },
    );
    this.#lines = readLines(this.#child.stdout);
  }

  /** Prepares a bundle like that of a container that runs `true` on the default bridge. */
  static async prepare(engine: ThrowawayEngine): Promise<BareCrun> {
    const id = (await engine.ok(["run", "-d", "--name", "pattern", "busybox", "sleep", "1000"])).trim();
    const spec = JSON.parse(readFileSync(join(engine.directory, "run/tasks", id, "config.json"), "utf8"));
    const bundle = join(engine.directory, "bare");
    mkdirSync(join(bundle, "rootfs"), { recursive: true });
    const unpack = Bun.spawnSync(
      [
        "sh",
        "-c",
        `mkdir -p bin dev proc sys etc tmp && cp "$(command -v busybox)" bin/busybox && bin/busybox --install -s /bin 2>/dev/null; for a in true sh; do ln -sf busybox bin/$a; done; touch etc/hosts etc/hostname etc/resolv.conf`,
      ],
      {
        cwd: join(bundle, "rootfs"),
      },
    );
    if (!unpack.success) throw new Error(`Cannot prepare a root file system: ${unpack.stderr}`);
    spec.root.path = join(bundle, "rootfs");
    spec.process.args = ["true"];
    spec.process.terminal = false;
    spec.linux.cgroupsPath = `/${engine.prefix}/bare`;
    for (const namespace of spec.linux.namespaces) {
      if (namespace.type === "network") delete namespace.path;
    }
    writeFileSync(join(bundle, "config.json"), JSON.stringify(spec));
    return new BareCrun(bundle, `${engine.prefix}-bare`);
  }

  /** One `crun run`, in milliseconds. */
  async once(): Promise<number> {
    this.#child.stdin.write("go\n");
    await this.#child.stdin.flush();
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error("The loop around crun ended");
    return Number(value);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.stdin.end();
    await this.#child.exited;
  }
}

async function* readLines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}
