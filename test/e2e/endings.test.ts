import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Answer, call } from "./api-client.ts";
import { startEngine, type TestEngine } from "./harness.ts";
import { eventually } from "./process.ts";
import { RawConnection } from "./raw-http.ts";

let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

const sleeper = (name: string, ...flags: string[]): Promise<string> =>
  engine.ok(["run", "-d", "--name", name, ...flags, "busybox", "sleep", "1000"]);
const post = (path: string): Promise<Answer> => call(engine, "POST", path);
const words = (answer: Answer): string => `${answer.status} ${answer.body.message}`;
const status = (name: string): Promise<string> => engine.inspect(name, "{{.State.Status}}");
const becomes = (name: string, wanted: string) =>
  eventually(`${name} to be ${wanted}`, async () => ((await status(name)) === wanted ? true : undefined));

describe("what cannot be done", () => {
  test("is refused with Docker's status and words, and changes nothing", async () => {
    const id = await sleeper("words");
    const created = await engine.ok(["create", "--name", "words-created", "busybox", "true"]);
    expect(words(await post("/containers/words-created/pause"))).toBe(
      `409 container ${created} is not running`,
    );
    expect(words(await post("/containers/words-created/unpause"))).toBe(
      `409 container ${created} is not running`,
    );
    expect(words(await post("/containers/words-created/kill"))).toBe(
      `409 cannot kill container: words-created: container ${created} is not running`,
    );
    expect((await post("/containers/words-created/stop")).status).toBe(304);
    expect((await post("/containers/words/start")).status).toBe(304);
    expect(words(await post("/containers/words/unpause"))).toBe(`409 Container ${id} is not paused`);
    await engine.ok(["pause", "words"]);
    expect(words(await post("/containers/words/pause"))).toBe(`409 Container ${id} is already paused`);
    expect(words(await post("/containers/words/start"))).toBe(
      "409 cannot start a paused container, try unpause instead",
    );
    const remove = (query = "") => call(engine, "DELETE", `/containers/words${query}`);
    expect(words(await remove())).toBe(
      '409 cannot remove container "/words": container is paused and must be unpaused first',
    );
    await engine.ok(["unpause", "words"]);
    expect(words(await remove())).toBe(
      '409 cannot remove container "/words": container is running: stop the container before removing or force remove',
    );
    for (const verb of ["kill", "stop", "restart"]) {
      expect(words(await post(`/containers/words/${verb}?signal=NOPE`))).toBe("400 invalid signal: NOPE");
    }
    expect(words(await post("/containers/words/stop?t=soon"))).toStartWith("400 ");
    expect(words(await post("/containers/words/wait?condition=soon"))).toBe('400 invalid condition: "soon"');
    expect(words(await post("/containers/words/rename?name=words-created"))).toBe(
      `409 Conflict. The container name "/words-created" is already in use by container "${created}". You have to remove (or rename) that container to be able to reuse that name.`,
    );
    expect(words(await post("/containers/words/rename?name=%21"))).toBe(
      "400 Invalid container name (!), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed",
    );
    expect(words(await post("/containers/words/resize?h=1&w=x"))).toStartWith("400 ");
    const long = await call(engine, "POST", "/containers/words/start", {
      json: { Binds: ["a long body"] },
    });
    expect(words(long)).toBe(
      "400 starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24",
    );
    for (const path of [
      "start",
      "stop",
      "kill",
      "pause",
      "wait",
      "restart",
      "rename?name=xx",
      "resize?h=1&w=1",
    ]) {
      expect(words(await post(`/containers/nobody/${path}`))).toBe("404 No such container: nobody");
    }
    expect(await status("words")).toBe("running");
    await engine.ok(["rm", "-f", "words", "words-created"]);
  });

  test("is refused by update, which changes policy and limits of a running container otherwise", async () => {
    await sleeper("updated", "-m", "64m", "--memory-swap", "64m");
    const update = async (...flags: string[]): Promise<string> =>
      (await engine.docker(["update", ...flags, "updated"])).stderr.trim();
    expect(await update("--restart", "sometimes")).toContain(
      "invalid restart policy: unknown policy 'sometimes'",
    );
    expect(await update("-m", "1m")).toContain("Minimum memory limit allowed is 6MB");
    expect(await update("-m", "128m")).toContain(
      "Memory limit should be smaller than already set memoryswap limit",
    );
    expect(
      await engine.ok([
        "update",
        "--restart",
        "on-failure:4",
        "-m",
        "128m",
        "--memory-swap",
        "128m",
        "updated",
      ]),
    ).toBe("updated");
    expect(await engine.inspect("updated", "{{.HostConfig.Memory}} {{.HostConfig.RestartPolicy}}")).toBe(
      "134217728 {on-failure 4}",
    );
    expect(await engine.ok(["stats", "--no-stream", "--format", "{{.MemUsage}}", "updated"])).toEndWith(
      "/ 128MiB",
    );
    await engine.ok(["run", "-d", "--rm", "--name", "passing", "busybox", "sleep", "1000"]);
    expect((await engine.docker(["update", "--restart", "always", "passing"])).stderr).toContain(
      "Restart policy cannot be updated because AutoRemove is enabled for the container",
    );
    await engine.ok(["rm", "-f", "updated", "passing"]);
  });
});

describe("wait", () => {
  const waiting = (name: string, condition: string): RawConnection =>
    new RawConnection(engine.socket, [`POST /containers/${name}/wait?condition=${condition} HTTP/1.1`]);

  test("answers its head at once and its body when the condition holds", async () => {
    await engine.ok(["create", "--name", "waited", "busybox", "sh", "-c", "exit 7"]);
    using idle = waiting("waited", "not-running");
    await idle.until('{"StatusCode":0}');
    using exit = waiting("waited", "next-exit");
    using removal = waiting("waited", "removed");
    for (const line of [exit, removal]) await line.until("HTTP/1.1 200 OK");
    expect(exit.heard + removal.heard).not.toContain("StatusCode");
    await engine.ok(["start", "waited"]);
    await exit.until('{"StatusCode":7}');
    expect(removal.heard).not.toContain("StatusCode");
    await engine.ok(["rm", "waited"]);
    await removal.until('{"StatusCode":7}');
  });

  test("for the removal hears of a container that removes itself, and of one whose start failed", async () => {
    await engine.ok(["create", "--rm", "--name", "self", "busybox", "sh", "-c", "exit 5"]);
    using removal = waiting("self", "removed");
    await removal.until("200 OK");
    await engine.ok(["start", "self"]);
    await removal.until('{"StatusCode":5}');
    expect(await engine.ok(["ps", "-aq", "--filter", "name=self"])).toBe("");
    await engine.ok(["create", "--rm", "--name", "stillborn", "busybox", "nonesuch"]);
    using birth = waiting("stillborn", "removed");
    await birth.until("200 OK");
    expect((await engine.docker(["start", "stillborn"])).code).toBe(1);
    await birth.until('"StatusCode":127');
  });
});

describe("stop and restart", () => {
  test("use the signal and the time that were asked for, of the image, the container or the call", async () => {
    const script =
      "trap 'echo int; exit 3' INT; trap 'echo term; exit 4' TERM; trap 'echo usr; exit 5' USR1; while :; do sleep 0.05; done";
    await engine.ok([
      "run",
      "-d",
      "--name",
      "signals",
      "--stop-signal",
      "SIGINT",
      "busybox",
      "sh",
      "-c",
      script,
    ]);
    const ready = () =>
      eventually("the traps", async () =>
        (await engine.docker(["exec", "signals", "grep", "-q", "SigCgt:.*[1-9a-f]", "/proc/1/status"]))
          .code === 0
          ? true
          : undefined,
      );
    await ready();
    await engine.ok(["stop", "signals"]);
    expect(await engine.inspect("signals", "{{.State.ExitCode}}")).toBe("3");
    await engine.ok(["start", "signals"]);
    await ready();
    await engine.ok(["stop", "-s", "USR1", "-t", "-1", "signals"]);
    expect(await engine.inspect("signals", "{{.State.ExitCode}}")).toBe("5");
    await engine.ok(["start", "signals"]);
    await ready();
    await engine.ok(["restart", "-s", "TERM", "-t", "20", "signals"]);
    expect(await engine.ok(["logs", "signals"])).toBe("int\nusr\nterm");
    expect(await status("signals")).toBe("running");
    await engine.ok(["rm", "-f", "signals"]);
  });

  test("leave a container that removes itself in place for its next run", async () => {
    const id = await engine.ok(["run", "-d", "--rm", "--name", "renewed", "busybox", "sleep", "1000"]);
    await engine.ok(["restart", "-t", "0", "renewed"]);
    expect(await engine.inspect("renewed", "{{.Id}} {{.State.Running}}")).toBe(`${id} true`);
    await engine.ok(["stop", "-t", "0", "renewed"]);
    await eventually("the removal", async () =>
      (await engine.docker(["inspect", "renewed"])).code === 1 ? true : undefined,
    );
  });
});

describe("restart policies", () => {
  test("pause longer each time, and a stop ends the circle", async () => {
    await using events = engine.follow([
      "events",
      "--filter",
      "container=circle",
      "--filter",
      "event=start",
      "--filter",
      "event=die",
      "--format",
      "{{.Action}} {{.TimeNano}}",
    ]);
    await engine.ok(["run", "-d", "--name", "circle", "--restart", "always", "busybox", "false"]);
    await events.until(/(die.*\n[\s\S]*){4}start/);
    const times = events.stdout
      .trim()
      .split("\n")
      .map((line) => Number(line.split(" ")[1]) / 1e6);
    const pauses = [1, 3, 5].map((at) => (times[at + 1] ?? 0) - (times[at] ?? 0));
    for (const [at, least] of [100, 200, 400].entries()) expect(pauses[at]).toBeGreaterThanOrEqual(least - 5);
    await engine.ok(["stop", "circle"]);
    expect(await status("circle")).toBe("exited");
    expect(Number(await engine.inspect("circle", "{{.RestartCount}}"))).toBeGreaterThanOrEqual(3);
    await engine.ok(["rm", "circle"]);
  });

  test("hold over a restart of the engine as Docker's do", async () => {
    const policies = ["always", "unless-stopped", "on-failure", "no"];
    for (const policy of policies) {
      await sleeper(`kept-${policy}`, "--restart", policy);
      await sleeper(`stopped-${policy}`, "--restart", policy);
    }
    await engine.ok(["stop", "-t", "0", ...policies.map((policy) => `stopped-${policy}`)]);
    await engine.stop();
    await engine.start();
    await becomes("stopped-always", "running");
    const names = [
      ...policies.map((policy) => `kept-${policy}`),
      ...policies.slice(1).map((policy) => `stopped-${policy}`),
    ];
    const found = await Promise.all(names.map(async (name) => `${name} ${await status(name)}`));
    expect(found).toEqual([
      ...policies.map((policy) => `kept-${policy} running`),
      ...policies.slice(1).map((policy) => `stopped-${policy} exited`),
    ]);
    await engine.ok(["rm", "-f", "stopped-always", ...names]);
  });
});

describe("a container that needs more memory than it may have", () => {
  test("ends with 137, says that it ran out of memory, and announces it before its end", async () => {
    await using events = engine.follow(["events", "--filter", "container=greedy", "--format", "{{.Action}}"]);
    const flags = ["-m", "12m", "--memory-swap", "12m"];
    const { code } = await engine.docker([
      "run",
      "--name",
      "greedy",
      ...flags,
      "busybox",
      "sh",
      "-c",
      "exec tail /dev/zero",
    ]);
    expect(code).toBe(137);
    expect(await engine.inspect("greedy", "{{.State.OOMKilled}} {{.State.ExitCode}}")).toBe("true 137");
    await events.until(/start\noom\ndie\n/);
    await engine.ok(["rm", "greedy"]);
  });
});

describe("removal and prune", () => {
  test("take anonymous volumes along with -v, and named ones never", async () => {
    await engine.ok([
      "run",
      "--name",
      "volumes",
      "-v",
      "/anonymous",
      "-v",
      "named-vol:/named",
      "busybox",
      "true",
    ]);
    const anonymous = await engine.inspect(
      "volumes",
      '{{range .Mounts}}{{if eq .Destination "/anonymous"}}{{.Name}}{{end}}{{end}}',
    );
    await engine.ok(["rm", "volumes"]);
    expect(await engine.ok(["volume", "ls", "-q"])).toContain(anonymous);
    await engine.ok([
      "run",
      "--name",
      "volumes",
      "-v",
      `${anonymous}:/named-now`,
      "-v",
      "/another",
      "busybox",
      "true",
    ]);
    const another = await engine.inspect(
      "volumes",
      '{{range .Mounts}}{{if eq .Destination "/another"}}{{.Name}}{{end}}{{end}}',
    );
    await engine.ok(["rm", "-v", "volumes"]);
    expect(await engine.ok(["volume", "ls", "-q"])).not.toContain(another);
    await engine.ok(["volume", "rm", "named-vol"]);
    await engine.docker(["volume", "rm", anonymous]);
  });

  test("take a link away by its name and leave the containers", async () => {
    await sleeper("linked");
    await sleeper("linking", "--link", "linked:friend");
    expect(await engine.ok(["exec", "linking", "cat", "/etc/hosts"])).toContain("friend");
    expect((await engine.dockerSince(23, ["rm", "--link", "linking/foe"])).stderr).toContain(
      "No such link: /linking/foe",
    );
    await engine.ok(["rm", "--link", "/linking/friend"]);
    expect(await engine.ok(["exec", "linking", "cat", "/etc/hosts"])).not.toContain("friend");
    expect(await engine.inspect("linking", "{{.HostConfig.Links}}")).toBe("[]");
    await engine.ok(["rm", "-f", "linked", "linking"]);
  });

  test("prune counts what it freed, by age and label, and leaves what runs", async () => {
    await sleeper("pruned-not", "--label", "prune=yes");
    await engine.ok([
      "run",
      "--name",
      "pruned",
      "--label",
      "prune=yes",
      "busybox",
      "sh",
      "-c",
      "head -c 2m /dev/zero > /big",
    ]);
    await engine.ok(["run", "--name", "spared", "--label", "prune=no", "busybox", "true"]);
    const prune = async (filters: object) =>
      (await post(`/containers/prune?filters=${encodeURIComponent(JSON.stringify(filters))}`)).body;
    expect(await prune({ until: ["1h"], label: ["prune=yes"] })).toEqual({
      ContainersDeleted: null,
      SpaceReclaimed: 0,
    });
    expect((await prune({ colour: ["red"] })).message).toBe("invalid filter 'colour'");
    const id = await engine.inspect("pruned", "{{.Id}}");
    const freed = await prune({
      "label!": ["prune=no"],
      until: [String(Math.floor(Date.now() / 1000) + 10)],
    });
    expect(freed.ContainersDeleted).toEqual([id]);
    expect(freed.SpaceReclaimed).toBeGreaterThanOrEqual(2 * 1024 ** 2);
    const named = ["--filter", "name=pruned", "--filter", "name=spared"];
    expect(await engine.ok(["ps", "-a", ...named, "--format", "{{.Names}}"])).toBe("spared\npruned-not");
    await engine.ok(["rm", "-f", "pruned-not", "spared"]);
  });
});

describe("health checks", () => {
  test("keep five results, cut what is too long, kill what takes too long", async () => {
    const check = (name: string, command: string, ...flags: string[]) =>
      sleeper(name, "--health-cmd", command, "--health-interval", "60ms", ...flags);
    await Promise.all([
      check("chatty", "echo $RANDOM; echo err >&2; head -c 9000 /dev/zero | tr '\\0' x"),
      check("slow", "echo before; sleep 77", "--health-timeout", "150ms", "--health-retries", "1"),
      check(
        "late",
        "test -e /ready",
        "--health-retries",
        "1",
        "--health-start-period",
        "1m",
        "--health-start-interval",
        "50ms",
      ),
      sleeper("unchecked", "--no-healthcheck"),
    ]);
    const health = (name: string, template: string) =>
      engine.inspect(name, `{{with .State.Health}}${template}{{end}}`);
    await eventually("five results", async () =>
      (await health("chatty", "{{len .Log}}")) === "5" ? true : undefined,
    );
    await eventually("a sixth", async () => {
      const before = await health("chatty", "{{(index .Log 0).Start}}");
      return (await health("chatty", "{{(index .Log 0).Start}} {{len .Log}}")) !== `${before} 5`
        ? true
        : undefined;
    });
    expect(await health("chatty", "{{len (index .Log 4).Output}} {{.Status}} {{.FailingStreak}}")).toBe(
      "4099 healthy 0",
    );
    await eventually("the slow one", async () =>
      (await health("slow", "{{.Status}}")) === "unhealthy" ? true : undefined,
    );
    expect(await health("slow", "{{(index .Log 0).ExitCode}} {{(index .Log 0).Output}}")).toBe(
      "-1 Health check exceeded timeout (150ms): before",
    );
    expect(await health("late", "{{.Status}} {{.FailingStreak}}")).toBe("starting 0");
    await engine.ok(["exec", "late", "touch", "/ready"]);
    await eventually("the late one", async () =>
      (await health("late", "{{.Status}}")) === "healthy" ? true : undefined,
    );
    await engine.ok(["exec", "late", "rm", "/ready"]);
    await eventually("the late one's end", async () =>
      (await health("late", "{{.Status}}")) === "unhealthy" ? true : undefined,
    );
    expect(await health("unchecked", "{{.Status}}")).toBe("");
    expect(await engine.ok(["ps", "--filter", "health=none", "--format", "{{.Names}}"])).toBe("unchecked");
    await engine.ok(["stop", "-t", "0", "slow"]);
    await engine.ok(["start", "slow"]);
    const processes = await engine.ok(["top", "slow", "-eo", "pid,args"]);
    expect(processes.match(/sleep 77/g)?.length ?? 0).toBeLessThanOrEqual(1);
    await engine.ok(["rm", "-f", "chatty", "slow", "late", "unchecked"]);
  });

  test("are inherited from the image piece by piece, and taken away", async () => {
    const build = [
      "FROM busybox",
      "HEALTHCHECK --interval=50ms --retries=7 CMD test -e /fine",
      'CMD ["sleep", "1000"]',
      "",
    ].join("\n");
    await engine.ok(["build", "-t", "checked", "-"], { stdin: build, env: { DOCKER_BUILDKIT: "0" } });
    await engine.ok(["run", "-d", "--name", "inherits", "--health-retries", "1", "checked"]);
    expect(JSON.parse(await engine.inspect("inherits", "{{json .Config.Healthcheck}}"))).toMatchObject({
      Test: ["CMD-SHELL", "test -e /fine"],
      Interval: 50_000_000,
      Retries: 1,
    });
    await eventually("the inherited check", async () =>
      (await engine.inspect("inherits", "{{.State.Health.Status}}")) === "unhealthy" ? true : undefined,
    );
    await engine.ok(["run", "-d", "--name", "without", "--no-healthcheck", "checked"]);
    expect(await engine.inspect("without", "{{json .Config.Healthcheck.Test}} {{.State.Health}}")).toBe(
      '["NONE"] <nil>',
    );
    await engine.ok(["rm", "-f", "inherits", "without"]);
    await engine.ok(["rmi", "checked"]);
  });
});
