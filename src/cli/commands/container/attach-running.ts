import type { Cli } from "../../cli.ts";
import { ExitError } from "../../exit.ts";
import { session } from "../../streams/index.ts";

export interface AttachPlan {
  readonly tty: boolean;
  readonly stdin: boolean;
  /** Whether signals go to the container, which they never do from a terminal of its own. */
  readonly proxy: boolean;
  readonly detachKeys: string;
  /** Starts the container once its streams are held; absent when it runs already. */
  readonly start?: () => Promise<unknown>;
}

/** Holds a container's streams until it ends; gives its exit code, or that the user left it. */
export async function attachRunning(cli: Cli, id: string, plan: AttachPlan): Promise<number | "detached"> {
  const { containers } = cli.client;
  if (plan.tty && plan.stdin) {
    const { inputIsTerminal } = await import("../../terminal/index.ts");
    if (!inputIsTerminal()) throw new ExitError(1, "the input device is not a TTY");
  }
  const condition = plan.start ? "next-exit" : "not-running";
  const [stream, wait] = await Promise.all([
    containers.attach(id, {
      stdin: plan.stdin,
      stdout: true,
      stderr: true,
      detachKeys: plan.detachKeys || undefined,
    }),
    containers.openWait(id, { condition }),
  ]);
  using _signals = plan.proxy && !plan.tty ? await proxy(cli, id) : undefined;
  const started = plan.start?.() ?? Promise.resolve();
  const ended = session(cli, stream, {
    tty: plan.tty,
    stdin: plan.stdin,
    output: true,
    detachKeys: plan.detachKeys,
    resize: (size) => containers.resize(id, size),
    started,
  });
  ended.catch(() => undefined);
  try {
    await started;
    if ((await ended) === "detached") return "detached";
  } finally {
    stream.close();
  }
  const { StatusCode, Error: failure } = await wait.ended;
  if (failure?.Message) throw new ExitError(125, failure.Message);
  return StatusCode;
}

async function proxy(cli: Cli, id: string): Promise<Disposable> {
  const { forwardSignals } = await import("../../forward-signals.ts");
  return forwardSignals((killSignal) => cli.client.containers.kill(id, { killSignal }));
}
