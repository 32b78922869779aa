import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

/**
 * A Docker engine to compare with: the machine's `dockerd` on a root, a socket and a bridge of its own, in network and
 * mount namespaces of its own, so that neither its firewall rules nor its mounts meet the machine's.
 */
export class DockerPeer implements AsyncDisposable {
  readonly socket: string;
  readonly #directory: string;
  readonly #child: Bun.Subprocess;

  private constructor(directory: string, child: Bun.Subprocess) {
    this.#directory = directory;
    this.#child = child;
    this.socket = join(directory, "docker.sock");
  }

  /** Starts it and waits until it answers. */
  static async start(): Promise<DockerPeer> {
    if (Bun.which("dockerd") === null) throw new Error("dockerd is not installed: apt-get install docker.io");
    const directory = mkdtempSync(join(tmpdir(), "gantry-bench-docker-"));
    mkdirSync(join(directory, "root"));
    const log = openSync(join(directory, "log"), "w");
    const daemon = [
      ...["dockerd", "--data-root", join(directory, "root"), "--exec-root", join(directory, "exec")],
      ...["--pidfile", join(directory, "pid"), "--host", `unix://${join(directory, "docker.sock")}`],
      ...[
        "--bip",
        "10.199.0.1/24",
        "--storage-driver",
        "overlay2",
        "--cgroup-parent",
        `/${basename(directory)}`,
      ],
    ];
    const script = `ip link set lo up 2>/dev/null || busybox ip link set lo up; exec ${daemon.join(" ")}`;
    const child = Bun.spawn(["unshare", "--net", "--mount", "--propagation", "private", "sh", "-c", script], {
      stdin: "ignore",
      stdout: log,
      stderr: log,
    });
    const peer = new DockerPeer(directory, child);
    for (let attempt = 0; attempt < 300; attempt++) {
      if (Bun.spawnSync(peer.command(["version"])).success) return peer;
      if (child.exitCode !== null) break;
      await Bun.sleep(100);
    }
    const text = readFileSync(join(directory, "log"), "utf8").split("\n").slice(-20).join("\n");
    await peer[Symbol.asyncDispose]();
    throw new Error(`dockerd did not start:\n${text}`);
  }

  /** A process in the network namespace of the daemon. */
  get pid(): number {
    return this.#child.pid;
  }

  command(words: readonly string[]): string[] {
    return ["docker", "-H", `unix://${this.socket}`, ...words];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGTERM");
    await this.#child.exited;
    removeCgroups(basename(this.#directory));
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** The parent that the daemon made for its containers, in each hierarchy. */
function removeCgroups(name: string): void {
  const root = "/sys/fs/cgroup";
  for (const place of [root, ...readdirSync(root).map((hierarchy) => join(root, hierarchy))]) {
    const path = join(place, name);
    if (existsSync(path)) rmdirSync(path);
  }
}
