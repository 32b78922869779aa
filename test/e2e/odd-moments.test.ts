import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { processesWith } from "../../scripts/machine.ts";
import { Api } from "./api.ts";
import { dockerProgram } from "./docker-program.ts";
import { startEngine, type TestEngine } from "./harness.ts";
import { expectTruePicture } from "./picture.ts";
import { eventually, run } from "./process.ts";

/*
 * Deaths at moments that no step marks: shims, runtimes and first processes that are killed while something else is on
 * its way, and operations that meet. Whatever comes of it, the picture is true afterwards and nothing is left.
 */

let engine: TestEngine;
let api: Api;
beforeAll(async () => {
  engine = await startEngine();
  api = new Api(engine.socket);
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

async function create(name: string, cmd: readonly string[] = ["sleep", "1000"]): Promise<string> {
  return (await api.ok("POST", `/containers/create?name=${name}`, { Image: "busybox", Cmd: cmd })).body.Id;
}

async function removeAll(): Promise<void> {
  const all: { Id: string }[] = (await api.ok("GET", "/containers/json?all=1")).body;
  await Promise.all(all.map(({ Id }) => api.ask("DELETE", `/containers/${Id}?force=1&v=1`)));
  await eventually("all to be gone", async () =>
    (await api.ok("GET", "/containers/json?all=1")).body.length === 0 ? true : undefined,
  );
}

/** Kills what this engine's command lines match, as often as it is found while `work` goes on. */
async function killing(pattern: RegExp, work: () => Promise<unknown>): Promise<number> {
  let killed = 0;
  let over = false;
  const hunt = async (): Promise<void> => {
    while (!over) {
      for (const { pid, command } of processesWith(engine.directory)) {
        if (!pattern.test(command)) continue;
        try {
          process.kill(pid, "SIGKILL");
          killed += 1;
        } catch {
          // faster than we are
        }
      }
      await Bun.sleep(1);
    }
  };
  const hunting = hunt();
  await work();
  over = true;
  await hunting;
  return killed;
}

test("an archive that is being read is whole, also when its container is removed meanwhile", async () => {
  const many = "for at in $(seq 400); do head -c 50000 /dev/zero > /big/$at; done";
  await engine.ok(["run", "--name", "read", "busybox", "sh", "-c", `mkdir /big && ${many}`]);
  const go = join(engine.directory, "go");
  const sizeOf = async (words: string, wait: string): Promise<string> => {
    const command = `${dockerProgram()} -H unix://${engine.socket} ${words} | { ${wait} wc -c; }`;
    return (await run(["bash", "-o", "pipefail", "-c", command])).stdout.trim();
  };
  const sources = ["export read", "cp read:/big -"];
  const whole = await Promise.all(sources.map((words) => sizeOf(words, "")));
  expect(whole.map(Number).filter((size) => size < 20_000_000)).toEqual([]);
  // Their readers take a first byte, and the others when the container is gone.
  const wait = `dd bs=1 count=1 of=/dev/null status=none; echo > ${go}.$$; while [ ! -e ${go} ]; do sleep 0.05; done;`;
  const slow = sources.map((words) => sizeOf(words, wait));
  await eventually("both to be read", () =>
    readdirSync(engine.directory).filter((name) => name.startsWith("go.")).length === 2 ? true : undefined,
  );
  await engine.ok(["rm", "read"]);
  await engine.ok(["run", "--rm", "--name", "read", "busybox", "true"]);
  writeFileSync(go, "");
  expect((await Promise.all(slow)).map((size) => Number(size) + 1)).toEqual(whole.map(Number));
  await eventually("what was read to be deleted", () => {
    const hidden = join(engine.root, "snapshots/tmp");
    const waiting = readdirSync(hidden).filter((name) => existsSync(join(hidden, name, "fs/big")));
    return waiting.length === 0 ? true : undefined;
  });
});

test("containers are listed with their sizes while others come and go", async () => {
  let over = false;
  const listing = (async () => {
    const statuses = new Set<number | undefined>();
    while (!over) statuses.add((await api.ask("GET", "/containers/json?all=1&size=1"))?.status);
    return [...statuses];
  })();
  const round = async () => {
    for (let at = 0; at < 10; at++) {
      const volumes = { "/one": {}, "/two": {}, "/three": {} };
      const config = { Image: "busybox", Cmd: ["true"], Volumes: volumes };
      const { Id } = (await api.ok("POST", "/containers/create", config)).body;
      await api.ok("DELETE", `/containers/${Id}?v=1`);
    }
  };
  await Promise.all(Array.from({ length: 6 }, round));
  over = true;
  expect(await listing).toEqual([200]);
});

test("shims that are killed in the middle of starts fail those or end their containers, and nothing is left", async () => {
  const names = Array.from({ length: 8 }, (_, at) => `shim${at}`);
  for (const name of names) await create(name);
  const killed = await killing(/gantry-shim \S+$/, () =>
    Promise.all(names.map((name) => api.ask("POST", `/containers/${name}/start`))),
  );
  expect(killed).toBeGreaterThan(0);
  await expectTruePicture(engine, "after the kills");
  for (const name of names)
    expect((await api.ok("POST", `/containers/${name}/start`)).status).toBeLessThan(305);
  await removeAll();
  await expectTruePicture(engine, "after the removal");
});

test("runtimes that are killed at work fail the start, and the next one succeeds", async () => {
  const names = Array.from({ length: 8 }, (_, at) => `runtime${at}`);
  for (const name of names) await create(name);
  await killing(/crun .* run /, () =>
    Promise.all(names.map((name) => api.ask("POST", `/containers/${name}/start`))),
  );
  await expectTruePicture(engine, "after the kills");
  for (const name of names)
    expect((await api.ok("POST", `/containers/${name}/start`)).status).toBeLessThan(305);
  await removeAll();
  await expectTruePicture(engine, "after the removal");
});

test("an engine killed with ten starts in flight, their shims and first processes after it, converges", async () => {
  const names = Array.from({ length: 10 }, (_, at) => `flight${at}`);
  for (const name of names) await create(name);
  const starts = names.map((name) => api.ask("POST", `/containers/${name}/start`));
  await eventually("one to run", () =>
    processesWith(engine.directory).some((one) => / run /.test(one.command)),
  );
  await engine.kill9();
  await Promise.all(starts);
  const shims = processesWith(engine.directory).filter(({ command }) => /gantry-shim \S+$/.test(command));
  for (const { pid } of shims.slice(0, 2)) process.kill(pid, "SIGKILL");
  await engine.start();
  await expectTruePicture(engine, "after the restart");
  for (const name of names)
    expect((await api.ok("POST", `/containers/${name}/start`)).status).toBeLessThan(305);
  await expectTruePicture(engine, "after all were started");
  await removeAll();
  await expectTruePicture(engine, "after the removal");
});

test("runs and forced removals that meet end in one of their two orders", async () => {
  for (let round = 0; round < 4; round++) {
    const runs = Array.from({ length: 4 }, (_, at) =>
      engine.docker(["run", "-d", "--name", `race${at}`, "busybox", "sleep", "1000"]),
    );
    const removals = Array.from({ length: 4 }, async (_, at) => {
      await eventually(
        "the container",
        async () => (await api.find(`/containers/race${at}/json`)) !== undefined,
      );
      // Not waited for anything: the two meet at another moment each time.
      await Bun.sleep(round * 10 + at * 3);
      return await api.ask("DELETE", `/containers/race${at}?force=1`);
    });
    for (const removal of await Promise.all(removals)) expect([204, 409]).toContain(removal?.status ?? 0);
    await Promise.all(runs);
    await removeAll();
    await expectTruePicture(engine, `after round ${round}`);
  }
});
