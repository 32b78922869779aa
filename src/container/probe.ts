import { messageOf } from "../base/index.ts";
import { withNetworkNamespace } from "../sys/index.ts";
import type { ProbeTarget } from "./probe-target.ts";

export interface ProbeOutcome {
  /** 0: healthy, 1: not. */
  readonly exitCode: number;
  readonly output: string;
}

/** How much of an answer is looked at. */
const answerLimit = 8192;

/**
 * Asks a port in the network of process `pid`: for TCP that somebody accepts, for HTTP a status from 200 to 399.
 * Never throws; dropped when `signal` aborts.
 */
export async function probeNetwork(
  target: ProbeTarget,
  pid: number,
  signal: AbortSignal,
): Promise<ProbeOutcome> {
  const { promise, resolve } = Promise.withResolvers<ProbeOutcome>();
  const conversation = new Conversation(target, resolve);
  signal.addEventListener("abort", () => conversation.end(1, "given up"), { once: true });
  try {
    // The socket is made before this returns, and stays in that network. Names are looked up later: only addresses do.
    withNetworkNamespace(`/proc/${pid}/ns/net`, () => {
      dial(target, conversation);
    });
  } catch (error) {
    conversation.end(1, messageOf(error));
  }
  return await promise;
}

function dial(target: ProbeTarget, conversation: Conversation): void {
  const connecting = Bun.connect({
    hostname: target.address,
    port: target.port,
    ...(target.secure ? { tls: { rejectUnauthorized: false } } : {}),
    socket: {
      open: (socket) => conversation.opened(socket),
      data: (_socket, bytes) => conversation.read(bytes),
      close: () => conversation.closed(),
      error: (_socket, error) => conversation.end(1, messageOf(error)),
      connectError: (_socket, error) => conversation.refused(error),
    },
  });
  connecting.catch((error: unknown) => conversation.refused(error));
}

interface Line {
  write(text: string): number;
  terminate(): void;
}

/** One question and what is heard of the answer. */
class Conversation {
  readonly #target: ProbeTarget;
  readonly #resolve: (outcome: ProbeOutcome) => void;
  #line: Line | undefined;
  #over = false;
  #heard = "";

  constructor(target: ProbeTarget, resolve: (outcome: ProbeOutcome) => void) {
    this.#target = target;
    this.#resolve = resolve;
  }

  opened(line: Line): void {
    this.#line = line;
    if (this.#over) line.terminate();
    else if (this.#target.kind === "tcp") this.end(0, `${this.#place()} accepts connections`);
    else line.write(this.#question());
  }

  #question(): string {
    const { path, host } = this.#target;
    return `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: gantry-health\r\nAccept: */*\r\nConnection: close\r\n\r\n`;
  }

  read(bytes: Uint8Array): void {
    this.#heard += Buffer.from(bytes).toString("latin1");
    const status = this.#status();
    if (isGood(status) || this.#heard.length > answerLimit) this.closed();
  }

  closed(): void {
    const status = this.#status();
    const [head = ""] = this.#heard.split("\r\n");
    const healthy = isGood(status);
    const at = this.#heard.indexOf("\r\n\r\n");
    const body = healthy || at < 0 ? "" : Buffer.from(this.#heard.slice(at + 4), "latin1").toString("utf8");
    const heard = body === "" ? head : `${head}\n${body}`;
    this.end(healthy ? 0 : 1, status === undefined ? `${this.#place()} gave no HTTP answer` : heard);
  }

  refused(error: unknown): void {
    this.end(1, `cannot connect to ${this.#place()}: ${messageOf(error)}`);
  }

  end(exitCode: number, output: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#line?.terminate();
    this.#resolve({ exitCode, output });
  }

  #status(): number | undefined {
    const code = /^HTTP\/1\.[01] (\d{3})[^\n]*\r?\n/.exec(this.#heard)?.[1];
    return code === undefined ? undefined : Number(code);
  }

  #place(): string {
    const { address, port } = this.#target;
    return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
  }
}

function isGood(status: number | undefined): boolean {
  return status !== undefined && status >= 200 && status < 400;
}
