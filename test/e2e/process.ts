import type { Subprocess } from "bun";

/** What a finished command said and how it ended. */
export interface Output {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

export interface RunOptions {
  readonly stdin?: string | Uint8Array<ArrayBuffer>;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** How long anything that is waited for may take; a test that needs more hangs. */
const patienceMilliseconds = Number(process.env.GANTRY_TEST_PATIENCE ?? 30) * 1000;

/**
 * Runs a command to its end. One that hangs is killed and fails here: the test runner's own time-out would end the
 * engine too, and with it every test that follows.
 */
export async function run(command: readonly string[], options: RunOptions = {}): Promise<Output> {
  const child = Bun.spawn([...command], {
    stdin: options.stdin === undefined ? "ignore" : new Blob([options.stdin]),
    stdout: "pipe",
    stderr: "pipe",
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...process.env, ...options.env },
  });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
  }, patienceMilliseconds);
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  clearTimeout(timer);
  if (late) throw new Error(`Waited too long for ${command.join(" ")}; so far:\n${stdout}${stderr}`);
  return { stdout, stderr, code };
}

/** Rejects with `what` when `promise` takes longer than a test should wait. */
export async function within<T>(promise: Promise<T>, what: () => string): Promise<T> {
  let timer: Timer | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Waited too long for ${what()}`)), patienceMilliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Asks again until `probe` gives a value. For things that give no notice: a port that opens, a file that appears. */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T | undefined> | T | undefined,
  patience = patienceMilliseconds,
): Promise<T> {
  const deadline = Date.now() + patience;
  for (;;) {
    const value = await probe();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > deadline) throw new Error(`Waited too long for ${what}`);
    await Bun.sleep(20);
  }
}

/** Text that grows, and those who wait for something in it. */
class Transcript {
  text = "";
  /** Keeps the first half of a character whose other half is yet to come. */
  readonly #decoder = new TextDecoder();
  #waiting: (() => void)[] = [];
  #ended = false;

  add(chunk: Uint8Array | string): void {
    this.text += typeof chunk === "string" ? chunk : this.#decoder.decode(chunk, { stream: true });
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** Resolves when the text after `from` matches; rejects when it ends or the wait is over without. */
  async until(pattern: string | RegExp, from = 0): Promise<void> {
    const matches = (): boolean => {
      const text = this.text.slice(from);
      return typeof pattern === "string" ? text.includes(pattern) : pattern.test(text);
    };
    const search = async (): Promise<void> => {
      while (!matches()) {
        if (this.#ended) throw new Error(`Ended without ${String(pattern)}; it said:\n${this.text}`);
        await new Promise<void>((resolve) => this.#waiting.push(resolve));
      }
    };
    await within(search(), () => `${String(pattern)}; so far:\n${this.text}`);
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

/** A command that runs while the test goes on: `logs -f`, `events`, `attach`. Disposing kills it. */
export class Follower implements AsyncDisposable {
  readonly #child: Subprocess<"pipe", "pipe", "pipe">;
  readonly #out = new Transcript();
  readonly #err = new Transcript();
  readonly #pumps: Promise<unknown>;

  constructor(command: readonly string[], env: Readonly<Record<string, string>>) {
    this.#child = Bun.spawn([...command], {
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
      env: { ...process.env, ...env },
    });
    this.#pumps = Promise.all([pump(this.#child.stdout, this.#out), pump(this.#child.stderr, this.#err)]);
  }

  get stdout(): string {
    return this.#out.text;
  }

  get stderr(): string {
    return this.#err.text;
  }

  /** Waits for text on standard output. */
  until(pattern: string | RegExp): Promise<void> {
    return this.#out.until(pattern);
  }

  /** Waits for text on standard error. */
  untilError(pattern: string | RegExp): Promise<void> {
    return this.#err.until(pattern);
  }

  async write(text: string): Promise<void> {
    this.#child.stdin.write(text);
    await this.#child.stdin.flush();
  }

  async closeInput(): Promise<void> {
    await this.#child.stdin.end();
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** The exit code, once all output is read. */
  async exited(): Promise<number> {
    const code = await within(
      this.#child.exited,
      () => `the end of the command; so far:\n${this.stdout}${this.stderr}`,
    );
    await this.#pumps;
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
  }
}

/** A command on a terminal of its own. Disposing kills it. */
export class Terminal implements AsyncDisposable {
  readonly #child: Subprocess;
  readonly #transcript = new Transcript();

  constructor(
    command: readonly string[],
    size: { readonly columns: number; readonly rows: number },
    env: Readonly<Record<string, string>>,
  ) {
    this.#child = Bun.spawn([...command], {
      env: { ...process.env, TERM: "xterm", ...env },
      terminal: { cols: size.columns, rows: size.rows, data: (_, chunk) => this.#transcript.add(chunk) },
    });
    void this.#child.exited.then(() => this.#transcript.end());
  }

  get text(): string {
    return this.#transcript.text;
  }

  /** Waits for text on the screen; after `mark` characters when given. */
  until(pattern: string | RegExp, mark = 0): Promise<void> {
    return this.#transcript.until(pattern, mark);
  }

  /** How much was shown so far, as a start for `until`. */
  mark(): number {
    return this.#transcript.text.length;
  }

  type(text: string): void {
    this.#child.terminal?.write(text);
  }

  resize(size: { readonly columns: number; readonly rows: number }): void {
    this.#child.terminal?.resize(size.columns, size.rows);
  }

  exited(): Promise<number> {
    return within(this.#child.exited, () => `the end of the command on a terminal; so far:\n${this.text}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
    this.#child.terminal?.close();
  }
}

async function pump(stream: ReadableStream<Uint8Array>, transcript: Transcript): Promise<void> {
  for await (const chunk of stream) transcript.add(chunk);
  transcript.end();
}
