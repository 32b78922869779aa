import { line } from "../scripts/show.ts";
import { ThrowawayEngine } from "../scripts/throwaway.ts";
import { BenchRegistry } from "./bench-registry.ts";
import { DockerPeer } from "./docker-peer.ts";

export type SideKind = "gantry" | "docker";

/**
 * An engine of either kind with an empty store, spoken to with the docker command line, and a registry where it finds
 * it: Docker's lives in a network namespace of its own. Disposing removes the engine.
 */
export class BenchSide implements AsyncDisposable {
  readonly kind: SideKind;
  /** The registry, as this engine names it. */
  readonly host: string;
  /** Runs a command where this engine reaches what listens on 127.0.0.1. */
  readonly enter: readonly string[];
  /** Of the engine, where its memory is to be watched. */
  readonly enginePid: number | undefined;
  readonly #socket: string;
  readonly #parts: readonly (() => Promise<void>)[];

  private constructor(
    kind: SideKind,
    at: { host: string; enter: readonly string[]; socket: string; enginePid?: number },
    parts: readonly (() => Promise<void>)[],
  ) {
    this.kind = kind;
    this.host = at.host;
    this.enter = at.enter;
    this.enginePid = at.enginePid;
    this.#socket = at.socket;
    this.#parts = parts;
  }

  /** `directory` holds the registry's store. */
  static async start(kind: SideKind, directory: string): Promise<BenchSide> {
    return kind === "gantry" ? await startGantry(directory) : await startDocker(directory);

    async function startGantry(store: string): Promise<BenchSide> {
      const engine = await ThrowawayEngine.start();
      const registry = await BenchRegistry.start(store);
      const at = { host: registry.host, enter: [], socket: engine.socket, enginePid: engine.pid };
      return new BenchSide("gantry", at, [
        () => registry[Symbol.asyncDispose](),
        async () => {
          const left = await engine.remove();
          if (left.length > 0) line(`Left behind:\n${left.join("\n")}`);
        },
      ]);
    }

    async function startDocker(store: string): Promise<BenchSide> {
      const peer = await DockerPeer.start();
      const enter = ["nsenter", "--net", "-t", String(peer.pid)];
      const registry = await BenchRegistry.start(store, enter);
      return new BenchSide("docker", { host: registry.host, enter, socket: peer.socket }, [
        () => registry[Symbol.asyncDispose](),
        () => peer[Symbol.asyncDispose](),
      ]);
    }
  }

  static nameOf(kind: SideKind): string {
    if (kind === "gantry") return "Gantry";
    const version = Bun.spawnSync(["dockerd", "--version"]).stdout.toString();
    return `Docker ${/version ([\d.]+)/.exec(version)?.[1] ?? ""}`;
  }

  get name(): string {
    return BenchSide.nameOf(this.kind);
  }

  command(words: readonly string[]): string[] {
    return ["docker", "-H", `unix://${this.#socket}`, ...words];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const end of this.#parts) await end();
  }
}
