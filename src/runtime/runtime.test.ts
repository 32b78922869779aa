import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { EngineError } from "../base/index.ts";
import { collect, RuntimeFixture, usableRuntimes } from "./runtime.fixture.ts";

let fixture: RuntimeFixture;
beforeAll(async () => {
  fixture = await RuntimeFixture.open();
  await fixture.connect();
});
afterAll(async () => await fixture[Symbol.asyncDispose]());

async function failure(work: Promise<unknown>): Promise<EngineError> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof EngineError) return error;
  throw new Error(`expected a failure of the engine, got ${String(error)}`);
}

describe.each(await usableRuntimes())("with %s", (runtime) => {
  test("a process's output and exit code come through", async () => {
    const config = fixture.config(["sh", "-c", "echo out; echo err >&2; exit 3"], { runtime });
    const { task, stream } = await fixture.run(config);
    expect(task.pid).toBeGreaterThan(0);
    expect(await collect(stream)).toEqual({ out: "out\n", err: "err\n" });
    expect(await task.exited).toMatchObject({ code: 3, oomKilled: false });
  });

  test("a command that is not there gives Docker's words", async () => {
    const config = fixture.config(["nope"], { runtime });
    const error = await failure(fixture.run(config));
    expect(error.subject).toBe("command-not-found");
    expect(error.message).toBe(
      'failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: "nope": executable file not found in $PATH: unknown',
    );
    const missing = await failure(fixture.run(fixture.config(["/bin/nope"], { runtime })));
    expect(missing.message).toContain(
      'exec: "/bin/nope": stat /bin/nope: no such file or directory: unknown',
    );
    expect(missing.subject).toBe("command-not-found");
  });

  test("a command that cannot be executed is told apart", async () => {
    for (const path of ["/bin/not-executable", "/etc"]) {
      const error = await failure(fixture.run(fixture.config([path], { runtime })));
      expect(error.message).toContain(`exec: "${path}": permission denied: unknown`);
      expect(error.subject).toBe("not-executable");
    }
  });
});
