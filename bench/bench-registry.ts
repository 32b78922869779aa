import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BenchLayer } from "./bench-image.ts";

/** A `docker-registry` on a port of 127.0.0.1, with its store in a directory. Disposing ends it; the store stays. */
export class BenchRegistry implements AsyncDisposable {
  readonly host: string;
  readonly store: string;
  readonly #child: Bun.Subprocess;
  readonly #enter: readonly string[];

  private constructor(
    child: Bun.Subprocess,
    host: string,
    places: { store: string; enter: readonly string[] },
  ) {
    this.#child = child;
    this.host = host;
    this.store = places.store;
    this.#enter = places.enter;
  }

  /** `enter` is a command that runs what follows it somewhere else, in a network namespace say. */
  static async start(directory: string, enter: readonly string[] = []): Promise<BenchRegistry> {
    if (Bun.which("docker-registry") === null)
      throw new Error("docker-registry is not installed: apt-get install docker-registry");
    const store = join(directory, "store");
    mkdirSync(store, { recursive: true });
    const id = crypto.randomUUID().slice(0, 8);
    const config = join(directory, `registry-${id}.json`);
    const log = join(directory, `registry-${id}.log`);
    writeFileSync(
      config,
      JSON.stringify({
        version: "0.1",
        log: { level: "info", formatter: "json", accesslog: { disabled: true } },
        storage: { filesystem: { rootdirectory: store } },
        http: { addr: "127.0.0.1:0", secret: "bench" },
      }),
    );
    const child = Bun.spawn([...enter, "docker-registry", "serve", config], {
      stdin: "ignore",
      stdout: Bun.file(log),
      stderr: Bun.file(log),
      env: { ...process.env, OTEL_TRACES_EXPORTER: "none" },
    });
    for (let attempt = 0; attempt < 500; attempt++) {
      const host = /listening on (127\.0\.0\.1:\d+)/.exec(readFileSync(log, "utf8"))?.[1];
      if (host !== undefined) return new BenchRegistry(child, host, { store, enter });
      if (child.exitCode !== null) break;
      await Bun.sleep(20);
    }
    child.kill();
    throw new Error(`docker-registry did not start:\n${readFileSync(log, "utf8")}`);
  }

  /** Uploads an image of these layers as `name:tag`. */
  async offer(name: string, layers: readonly BenchLayer[]): Promise<void> {
    for (const layer of layers) await this.#upload(name, layer.digest, layer.file);
    const config = JSON.stringify({
      architecture: process.arch === "x64" ? "amd64" : process.arch,
      os: "linux",
      config: { Cmd: ["/bin/sh"] },
      rootfs: { type: "layers", diff_ids: layers.map(({ diffID }) => diffID) },
      history: layers.map(() => ({ created_by: "bench" })),
    });
    const digest = `sha256:${new Bun.CryptoHasher("sha256").update(config).digest("hex")}`;
    const file = join(this.store, "config.tmp");
    writeFileSync(file, config);
    await this.#upload(name, digest, file);
    rmSync(file);
    const manifest = {
      schemaVersion: 2,
      mediaType: "application/vnd.docker.distribution.manifest.v2+json",
      config: {
        mediaType: "application/vnd.docker.container.image.v1+json",
        size: Buffer.byteLength(config),
        digest,
      },
      layers: layers.map((layer) => ({
        mediaType: "application/vnd.docker.image.rootfs.diff.tar.gzip",
        size: layer.size,
        digest: layer.digest,
      })),
    };
    this.#run([
      ...["curl", "-sSf", "-o", "/dev/null", "-X", "PUT", "--data-binary", JSON.stringify(manifest)],
      ...["-H", `Content-Type: ${manifest.mediaType}`, `http://${this.host}/v2/${name}/manifests/latest`],
    ]);
  }

  /** The commands that upload blobs and nothing else, as a shell line: what a push cannot be faster than. */
  uploadScript(name: string, layers: readonly BenchLayer[]): string {
    return layers.map((layer) => this.#uploadLine(name, layer.digest, layer.file)).join("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
  }

  async #upload(name: string, digest: string, file: string): Promise<void> {
    this.#run(["sh", "-c", this.#uploadLine(name, digest, file)]);
  }

  #uploadLine(name: string, digest: string, file: string): string {
    const begin = `curl -sSf -X POST -o /dev/null -w '%header{location}' http://${this.host}/v2/${name}/blobs/uploads/`;
    const mark = encodeURIComponent(digest);
    return `curl -sSf -o /dev/null -X PUT -H 'Content-Type: application/octet-stream' -T '${file}' "$(${begin})&digest=${mark}"`;
  }

  #run(command: readonly string[]): void {
    const ran = Bun.spawnSync([...this.#enter, ...command], { stderr: "pipe" });
    if (!ran.success) throw new Error(`${command.join(" ").slice(0, 200)}: ${ran.stderr.toString()}`);
  }
}
