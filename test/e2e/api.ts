/** What the engine answered; undefined where the connection broke before an answer. */
export interface Answer {
  readonly status: number;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever the engine answers
  readonly body: any;
}

/** Longer than anything an engine should take. */
const patience = 30_000;

/** The Docker Engine API over an engine's socket, one connection a request. */
export class Api {
  readonly #socket: string;
  readonly #version: string;

  constructor(socket: string, version = "1.47") {
    this.#socket = socket;
    this.#version = version;
  }

  /** Sends a request; undefined when the engine went away in the middle. Throws when it does not answer. */
  async ask(method: string, path: string, body?: unknown): Promise<Answer | undefined> {
    try {
      const response = await fetch(`http://engine/v${this.#version}${path}`, {
        method,
        unix: this.#socket,
        keepalive: false,
        signal: AbortSignal.timeout(patience),
        ...bodyOf(body),
      });
      const text = await response.text();
      return { status: response.status, text, body: parse(text) };
    } catch (error) {
      if (error instanceof Error && error.name === "TimeoutError") {
        throw new Error(`No answer to ${method} ${path} after ${patience / 1000} s`);
      }
      return undefined;
    }
  }

  /** As `ask`, but the answer must come and be a success. */
  async ok(method: string, path: string, body?: unknown): Promise<Answer> {
    const answer = await this.ask(method, path, body);
    if (answer && answer.status < 400) return answer;
    throw new Error(
      `${method} ${path}: ${answer ? `${answer.status} ${answer.text}` : "the engine went away"}`,
    );
  }

  /** The body of a GET; undefined when there is no such thing. */
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever the engine answers
  async find(path: string): Promise<any> {
    const answer = await this.ask("GET", path);
    if (answer?.status === 404) return undefined;
    if (answer?.status === 200) return answer.body;
    throw new Error(`GET ${path}: ${answer ? `${answer.status} ${answer.text}` : "the engine went away"}`);
  }
}

function bodyOf(body: unknown): {
  body?: string | Uint8Array<ArrayBuffer>;
  headers?: Record<string, string>;
} {
  if (body === undefined) return {};
  if (body instanceof Uint8Array) {
    return { body: new Uint8Array(body), headers: { "content-type": "application/x-tar" } };
  }
  return { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
