import { messageOf } from "../base/index.ts";
import { CommandError } from "../build/index.ts";
import type { ProgressMessage } from "../wire/index.ts";
import type { Reply } from "./call.ts";

/**
 * A progress stream: one JSON object a line, sent as they are reported. The status is 200 long before the end,
 * so a failure of `work` arrives in band. Nothing is buffered beyond what the client has not read yet.
 */
export function progress(work: (report: (message: ProgressMessage) => void) => Promise<void>): Reply {
  return { kind: "stream", contentType: "application/json", chunks: lines(work) };
}

/**
 * The same, but a failure before anything was reported is thrown, so that it becomes the status of the answer: nothing
 * has been sent by then.
 */
export async function progressOnceBegun(
  work: (report: (message: ProgressMessage) => void) => Promise<void>,
): Promise<Reply> {
  const begun = Promise.withResolvers<void>();
  const early: ProgressMessage[] = [];
  let report = (message: ProgressMessage): void => {
    early.push(message);
    begun.resolve();
  };
  const working = work((message) => report(message));
  working.then(() => begun.resolve(), begun.reject);
  await begun.promise;
  return progress(async (send) => {
    for (const message of early.splice(0)) send(message);
    report = send;
    await working;
  });
}

async function* lines(
  work: (report: (message: ProgressMessage) => void) => Promise<void>,
): AsyncGenerator<string> {
  const queue: ProgressMessage[] = [];
  let wake: () => void = () => {};
  let done = false;
  const report = (message: ProgressMessage): void => {
    queue.push(message);
    wake();
  };
  const working = work(report)
    .catch((error: unknown) => {
      const message = messageOf(error);
      const code = error instanceof CommandError ? { code: error.exitCode } : {};
      report({ errorDetail: { ...code, message }, error: message });
    })
    .finally(() => {
      done = true;
      wake();
    });
  for (;;) {
    if (queue.length > 0)
      yield queue
        .splice(0)
        .map((message) => `${JSON.stringify(message)}\r\n`)
        .join("");
    else if (done) break;
    else {
      const { promise, resolve } = Promise.withResolvers<void>();
      wake = resolve;
      await promise;
    }
  }
  await working;
}
