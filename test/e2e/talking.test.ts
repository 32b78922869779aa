import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { type Answer, call } from "./api-client.ts";
import { startEngine, type TestEngine } from "./harness.ts";
import { eventually } from "./process.ts";
import { clientFrame, RawConnection, serverFrames } from "./raw-http.ts";

let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(async () => {
  await engine.docker(["rm", "-fv", ...made]);
  await engine[Symbol.asyncDispose]();
});

const get = (path: string): Promise<Answer> => call(engine, "GET", path);
const post = (path: string, body?: unknown): Promise<Answer> =>
  call(engine, "POST", path, body === undefined ? {} : { json: body });
const message = (answer: Answer): string => answer.body.message;
const raw = (...head: string[]): RawConnection => new RawConnection(engine.socket, head);
const upgrade = ["Connection: Upgrade", "Upgrade: tcp"];
const made: string[] = [];

/** A container whose name nobody else has; all go at once in the end. */
async function create(config: object, start = true): Promise<string> {
  const name = `talk${made.length}`;
  made.push(name);
  const { status, text } = await post(`/containers/create?name=${name}`, { Image: "busybox", ...config });
  expect({ status, text: status === 201 ? "" : text }).toEqual({ status: 201, text: "" });
  if (start) expect((await post(`/containers/${name}/start`)).status).toBe(204);
  return name;
}

describe("the door", () => {
  test("answers ping with Docker's headers, with and without a version, and without a body to HEAD", async () => {
    for (const path of ["/_ping", "/v1.24/_ping", "/v1.51/_ping"]) {
      const answer = await get(path);
      expect(answer.text).toBe("OK");
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        "api-version": "1.51",
        ostype: "linux",
        "docker-experimental": "false",
        swarm: "inactive",
        "cache-control": "no-cache, no-store, must-revalidate",
        pragma: "no-cache",
        "content-type": "text/plain; charset=utf-8",
      });
      expect(answer.headers.get("server")).toMatch(/^Docker\/\S+ \(linux\)$/);
      expect(answer.headers.get("builder-version")).toMatch(/^[12]$/);
    }
    const head = await call(engine, "HEAD", "/_ping");
    expect({ status: head.status, text: head.text }).toEqual({ status: 200, text: "" });
    expect(head.headers.get("api-version")).toBe("1.51");
  });

  test("answers OPTIONS to every path, unknown pages and versions in Docker's words", async () => {
    for (const path of ["/containers/json", "/v1.51/anything/at/all"]) {
      expect((await call(engine, "OPTIONS", path)).status).toBe(200);
    }
    const unknown = await get("/v1.51/nonesuch");
    expect([unknown.status, message(unknown)]).toEqual([404, "page not found"]);
    const old = await get("/v1.12/containers/json");
    expect([old.status, message(old)]).toEqual([
      400,
      "client version 1.12 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version",
    ]);
    const young = await get("/v1.99/_ping");
    expect([young.status, message(young)]).toEqual([
      400,
      "client version 1.99 is too new. Maximum supported API version is 1.51",
    ]);
  });

  test("tells of engine and machine in the fields that clients read", async () => {
    const version = (await get("/version")).body;
    expect(version).toMatchObject({ ApiVersion: "1.51", MinAPIVersion: "1.24", Os: "linux" });
    expect(version.Components[0]).toMatchObject({ Name: "Engine", Version: version.Version });
    const info = (await get("/info")).body;
    for (const field of [
      "ID",
      "Driver",
      "DockerRootDir",
      "KernelVersion",
      "OperatingSystem",
      "Name",
      "DefaultRuntime",
    ]) {
      expect(info[field]).toMatch(/./);
    }
    expect(info).toMatchObject({
      OSType: "linux",
      Swarm: { LocalNodeState: "inactive" },
      IndexServerAddress: "https://index.docker.io/v1/",
    });
    expect(info.FirewallBackend).toEqual({ Driver: "nftables" });
    using listening = raw("GET /events HTTP/1.1");
    await listening.until("200 OK");
    const listeners = (await get("/info")).body.NEventsListener;
    expect(listeners).toBeGreaterThan(info.NEventsListener);
    expect(info.NCPU).toBeGreaterThan(0);
    expect(info.MemTotal).toBeGreaterThan(2 ** 20);
    expect(Object.keys(info.Runtimes)).toContain(info.DefaultRuntime);
    for (const kind of ["Volume", "Network", "Log"]) expect(info.Plugins[kind].length).toBeGreaterThan(0);
    expect(info.Containers).toBe(info.ContainersRunning + info.ContainersPaused + info.ContainersStopped);
  });
});

describe("attach", () => {
  test("upgrades, frames what has no terminal, and takes the client's end as the end of stdin alone", async () => {
    const config = { OpenStdin: true, StdinOnce: true, Cmd: ["sh", "-c", "cat; echo done >&2"] };
    for (const [version, type] of [
      ["v1.51", "multiplexed-stream"],
      ["v1.41", "raw-stream"],
    ] as const) {
      const name = await create(config, false);
      using line = raw(
        `POST /${version}/containers/${name}/attach?stream=1&stdin=1&stdout=1&stderr=1 HTTP/1.1`,
        ...upgrade,
      );
      await line.until(/^HTTP\/1\.1 101 UPGRADED\r\n[\s\S]*\r\n\r\n/);
      expect(line.heard).toContain(`Content-Type: application/vnd.docker.${type}\r\n`);
      expect(line.heard).toContain("Upgrade: tcp\r\n");
      await post(`/containers/${name}/start`);
      line.socket.write("spoken\n");
      await line.until("spoken\n");
      line.socket.end();
      await line.end();
      expect(line.body.toString("latin1")).toBe("\x01\0\0\0\0\0\0\x07spoken\n\x02\0\0\0\0\0\0\x05done\n");
    }
  });

  test("answers 200 and streams all the same without an Upgrade header", async () => {
    const name = await create(
      { OpenStdin: true, StdinOnce: true, Tty: true, Cmd: ["sh", "-c", "stty -echo; read x; echo got $x"] },
      false,
    );
    using line = raw(
      `POST /containers/${name}/attach?stream=1&stdin=1&stdout=1 HTTP/1.1`,
      "Transfer-Encoding: chunked",
    );
    await line.until(/^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\n/);
    expect(line.heard).toContain("Content-Type: application/vnd.docker.raw-stream\r\n");
    await post(`/containers/${name}/start`);
    line.socket.write("3\r\nhi\n\r\n");
    await line.until("got hi");
    await line.end();
  });

  test("delivers what was said before, of the streams that were asked for", async () => {
    const name = await create({ Cmd: ["sh", "-c", "echo out; echo err >&2"] });
    await post(`/containers/${name}/wait`);
    const said = async (query: string): Promise<string> => {
      using line = raw(`POST /containers/${name}/attach?${query} HTTP/1.1`, ...upgrade);
      await line.end();
      return line.body.toString("latin1");
    };
    expect(await said("logs=1&stderr=1")).toBe("\x02\0\0\0\0\0\0\x04err\n");
    expect(await said("logs=1&stdout=1&stderr=1")).toContain("out\n");
  });

  test("lets go at the keys that were asked for, and the container goes on", async () => {
    const name = await create({ OpenStdin: true, Tty: true, Cmd: ["cat"] });
    using line = raw(
      `POST /containers/${name}/attach?stream=1&stdin=1&stdout=1&detachKeys=ctrl-a,x HTTP/1.1`,
      ...upgrade,
    );
    await line.until("101 UPGRADED");
    line.socket.write("\x01y");
    await eventually("the echo", () => line.body.includes("y"));
    line.socket.write("\x01x");
    await line.end();
    expect(await engine.inspect(name, "{{.State.Running}}")).toBe("true");
    const bad = await post(`/containers/${name}/attach?stream=1&detachKeys=ctrl-1`);
    expect([bad.status, message(bad)]).toEqual([400, "Invalid detach keys (ctrl-1) provided"]);
  });

  test("over a WebSocket gives bare bytes in binary messages, takes stdin, and answers pings", async () => {
    const name = await create({
      OpenStdin: true,
      StdinOnce: true,
      Cmd: ["sh", "-c", "echo early; cat; echo over >&2; exit 4"],
    });
    await eventually("the first word", async () =>
      (await engine.ok(["logs", name])) === "early" ? true : undefined,
    );
    const handshake = [
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ];
    const path = `/containers/${name}/attach/ws?stream=1&logs=1&stdin=1&stdout=1&stderr=1`;
    using line = raw(`GET ${path} HTTP/1.1`, ...handshake);
    await line.until("early\n");
    expect(line.heard).toStartWith("HTTP/1.1 101 ");
    expect(line.heard).toContain("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n");
    expect(line.heard).toMatch(/Upgrade: websocket\r\n/);
    line.socket.write(
      Buffer.concat([clientFrame(9, "are you there"), clientFrame(2, "typed "), clientFrame(1, "words\n")]),
    );
    const heard = (opcode: number): string[] =>
      serverFrames(line.body)
        .filter((frame) => frame.opcode === opcode)
        .map(({ text }) => text);
    // What was typed in two messages may come back in two, with the head of the second one in between.
    await eventually("the echo", () => heard(2).join("") === "early\ntyped words\n");
    expect(heard(10)).toEqual(["are you there"]);
    await engine.ok(["kill", name]);
    await line.end();
    expect(serverFrames(line.body).at(-1)).toEqual({ opcode: 8, text: "\x03\xe8" });
    for (const [origin, answer] of [
      ["http://evil.example", "403"],
      ["http://engine", "101"],
    ] as const) {
      using browser = raw(`GET ${path} HTTP/1.1`, ...handshake, `Origin: ${origin}`);
      await browser.until(`HTTP/1.1 ${answer} `);
    }
    const plain = await get(path);
    expect([plain.status, message(plain)]).toEqual([400, "not websocket protocol"]);
    const gone = raw(`GET /containers/nonesuch/attach/ws?stream=1 HTTP/1.1`, ...handshake);
    await gone.until("No such container: nonesuch");
    expect(gone.heard).toStartWith("HTTP/1.1 404 ");
  });

  test("to a client that never reads costs a bounded amount of memory", async () => {
    const name = await create(
      {
        Cmd: ["sh", "-c", "head -c 200m /dev/zero; sleep 1000"],
        HostConfig: { LogConfig: { Type: "none" } },
      },
      false,
    );
    const memory = (): number =>
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${engine.pid}/status`, "utf8"))?.[1]) / 1024;
    using deaf = raw(`POST /containers/${name}/attach?stream=1&stdout=1&stderr=1 HTTP/1.1`, ...upgrade);
    using listening = raw("GET /events HTTP/1.1");
    await deaf.until("101 UPGRADED");
    await listening.until("200 OK");
    for (const line of [deaf, listening]) line.socket.pause();
    const before = memory();
    await post(`/containers/${name}/start`);
    for (let round = 0; round < 20; round += 1)
      await post(`/containers/${name}/rename?name=${name}x${round}`);
    made.push(`${name}x19`);
    expect(memory() - before).toBeLessThan(60);
  });
});

describe("exec", () => {
  test("tells of itself while it runs and afterwards, and is listed only while it runs", async () => {
    const name = await create({ Cmd: ["sleep", "1000"] });
    const asked = { Cmd: ["cat"], AttachStdin: true, AttachStdout: true, User: "5:6", Privileged: false };
    const { Id } = (await post(`/containers/${name}/exec`, asked)).body;
    const inspect = async () => (await get(`/exec/${Id}/json`)).body;
    expect(await inspect()).toMatchObject({
      ID: Id,
      Running: false,
      ExitCode: null,
      Pid: 0,
      OpenStdin: true,
      OpenStdout: true,
      OpenStderr: false,
      ProcessConfig: { entrypoint: "cat", arguments: [], tty: false, privileged: false, user: "5:6" },
    });
    using line = raw(
      `POST /exec/${Id}/start HTTP/1.1`,
      ...upgrade,
      "Content-Type: application/json",
      "Content-Length: 2",
    );
    line.socket.write("{}");
    await line.until("101 UPGRADED");
    line.socket.write("hello");
    await line.until("hello");
    const running = await inspect();
    expect(running.Running).toBe(true);
    expect(running.Pid).toBeGreaterThan(1);
    expect(await engine.inspect(name, "{{json .ExecIDs}}")).toBe(JSON.stringify([Id]));
    const again = await post(`/exec/${Id}/start`, {});
    expect(again.status).toBe(409);
    line.socket.end();
    await line.end();
    await eventually("the end of the exec", async () => ((await inspect()).Running ? undefined : true));
    expect(await inspect()).toMatchObject({ Running: false, ExitCode: 0, CanRemove: true });
    expect(await engine.inspect(name, "{{json .ExecIDs}}")).toBe("null");
  });

  test("goes on without the client that vanished, and its window can be told", async () => {
    const name = await create({ Cmd: ["sleep", "1000"] });
    const script =
      "trap 'stty size > /tmp/size' WINCH; touch /tmp/up; while ! test -e /tmp/size; do sleep 0.05; done; sleep 1000";
    const asked = { Cmd: ["sh", "-c", script], Tty: true, AttachStdin: true, AttachStdout: true };
    const { Id } = (await post(`/containers/${name}/exec`, asked)).body;
    const line = raw(
      `POST /exec/${Id}/start HTTP/1.1`,
      ...upgrade,
      "Content-Type: application/json",
      "Content-Length: 12",
    );
    line.socket.write('{"Tty":true}');
    const file = async (path: string) => {
      const { stdout, code } = await engine.docker(["exec", name, "cat", path]);
      return code === 0 && (path === "/tmp/up" || stdout !== "") ? stdout.trim() || true : undefined;
    };
    await eventually("the exec", () => file("/tmp/up"));
    line[Symbol.dispose]();
    expect((await post(`/exec/${Id}/resize?h=33&w=99`)).status).toBe(200);
    expect(await eventually("the size", () => file("/tmp/size"))).toBe("33 99");
    expect((await get(`/exec/${Id}/json`)).body.Running).toBe(true);
    using detaching = new RawConnection(engine.socket, [
      "GET /events?filters=%7B%22event%22%3A%5B%22exec_detach%22%5D%7D HTTP/1.1",
    ]);
    await detaching.until("200 OK");
    const keys = { Cmd: ["cat"], Tty: true, AttachStdin: true, AttachStdout: true, DetachKeys: "x,y" };
    const other = (await post(`/containers/${name}/exec`, keys)).body.Id;
    using left = raw(
      `POST /exec/${other}/start HTTP/1.1`,
      ...upgrade,
      "Content-Type: application/json",
      "Content-Length: 2",
    );
    left.socket.write("{}");
    await left.until("101 UPGRADED");
    left.socket.write("xy");
    await left.end();
    await detaching.until(`"execID":"${other}"`);
    const bad = await post(`/exec/${Id}/resize?h=x&w=1`);
    expect(bad.status).toBe(400);
  });

  test("is refused in Docker's words where nothing can run", async () => {
    const name = await create({ Cmd: ["sleep", "1000"] });
    const early = (await post(`/containers/${name}/exec`, { Cmd: ["true"] })).body.Id;
    await engine.ok(["pause", name]);
    const paused = await post(`/containers/${name}/exec`, { Cmd: ["true"] });
    expect([paused.status, message(paused)]).toEqual([
      409,
      `Container ${name} is paused, unpause the container before exec`,
    ]);
    expect((await post(`/exec/${early}/start`, {})).status).toBe(409);
    await engine.ok(["unpause", name]);
    const empty = await post(`/containers/${name}/exec`, { Cmd: [] });
    expect([empty.status, message(empty)]).toEqual([400, "No exec command specified"]);
    const unknown = await get("/exec/nonesuch/json");
    expect([unknown.status, message(unknown)]).toEqual([404, "No such exec instance: nonesuch"]);
    await engine.ok(["stop", "-t", "0", name]);
    const stopped = await post(`/containers/${name}/exec`, { Cmd: ["true"] });
    expect(stopped.status).toBe(409);
    expect(message(stopped)).toMatch(/^container \w+ is not running$/i);
  });

  test("runs many at a time, each with its own output and exit code", async () => {
    const name = await create({ Cmd: ["sleep", "1000"] });
    const all = await Promise.all(
      Array.from({ length: 24 }, (_, at) =>
        engine.docker(["exec", name, "sh", "-c", `echo ${at}; exit ${at}`]),
      ),
    );
    expect(all.map(({ stdout, code }) => [stdout, code])).toEqual(all.map((_, at) => [`${at}\n`, at]));
    const env = `${engine.directory}/exec.env`;
    await Bun.write(env, "FILE=from file\n");
    const { stdout } = await engine.docker([
      "exec",
      "--env-file",
      env,
      "-e",
      "A=b",
      name,
      "sh",
      "-c",
      "echo $FILE $A",
    ]);
    expect(stdout).toBe("from file b\n");
  });
});

describe("events", () => {
  const names = (text: string) =>
    text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Record<string, unknown>);

  test("are replayed, filtered by everything that Docker knows, and carry exact times", async () => {
    const since = Date.now() / 1000;
    const id = await engine.ok([
      "run",
      "--name",
      "eventful",
      "--label",
      "mark=1",
      "-v",
      "evol:/v",
      "busybox",
      "true",
    ]);
    await engine.ok(["rename", "eventful", "renamed"]);
    await engine.ok(["rm", "renamed"]);
    const until = Date.now() / 1000 + 0.001;
    const ask = async (filters: object): Promise<string[]> => {
      const query = `since=${since}&until=${until}&filters=${encodeURIComponent(JSON.stringify(filters))}`;
      return names((await get(`/events?${query}`)).text).map((event) => `${event.Type} ${event.Action}`);
    };
    expect(id).toBe("");
    const life = ["create", "attach", "start", "die", "rename", "destroy"].map(
      (action) => `container ${action}`,
    );
    expect(await ask({ type: ["container"] })).toEqual(life);
    expect(await ask({ label: ["mark=1"] })).toEqual(life);
    expect(await ask({ label: ["mark=2"] })).toEqual([]);
    expect(await ask({ container: ["eventful"], event: ["start", "die"] })).toEqual([
      "container start",
      "container die",
    ]);
    expect(await ask({ network: ["bridge"] })).toEqual(["network connect", "network disconnect"]);
    expect(await ask({ volume: ["evol"] })).toEqual(["volume create", "volume mount", "volume unmount"]);
    expect(await ask({ image: ["busybox"], scope: ["local"] })).toEqual(life);
    expect(await ask({ image: ["busybox:latest"], container: ["eventful"] })).toEqual([]);
    expect(await ask({ container: ["busybox"] })).toEqual([]);
    expect(await ask({ scope: ["swarm"] })).toEqual([]);
    expect(await ask({ plugin: ["x"] })).toEqual([]);
    const wrong = await get(`/events?filters=${encodeURIComponent('{"nonesuch":["1"]}')}`);
    expect([wrong.status, message(wrong)]).toEqual([400, "invalid filter 'nonesuch'"]);
    const all = names((await get(`/events?since=${since}&until=${until}`)).text);
    const times = /"timeNano":(\d+)/g;
    const exact = [...(await get(`/events?since=${since}&until=${until}`)).text.matchAll(times)].map(
      (match) => BigInt(match[1] ?? 0),
    );
    expect(new Set(exact).size).toBe(all.length);
    expect([...exact].sort()).toEqual(exact);
  });

  test("tell that a signal came before the end, and what a restart is made of", async () => {
    const name = await create({ Cmd: ["sleep", "1000"] });
    const since = Date.now() / 1000;
    await engine.ok(["restart", "-t", "0", name]);
    await engine.ok(["pause", name]);
    await engine.ok(["unpause", name]);
    await engine.ok(["update", "--restart", "always", name]);
    await engine.ok(["stop", "-t", "0", name]);
    const query = `since=${since}&until=${Date.now() / 1000}&filters=${encodeURIComponent(JSON.stringify({ container: [name] }))}`;
    const actions = names((await get(`/events?${query}`)).text).map(({ Action }) => Action);
    expect(actions.slice(actions.indexOf("kill")).join(" ")).toBe(
      "kill kill die stop start restart pause unpause update kill kill die stop",
    );
  });
});

describe("processes and figures", () => {
  test("top shows the container's own in any format of ps", async () => {
    const name = await create({ Cmd: ["sh", "-c", "sleep 1000 & exec sleep 2000"] });
    const pid = await engine.inspect(name, "{{.State.Pid}}");
    const top = async (args: string) => {
      const { status, body } = await get(`/containers/${name}/top?ps_args=${encodeURIComponent(args)}`);
      return { status, ...body };
    };
    await eventually("both processes", async () =>
      (await top("-ef")).Processes.length === 2 ? true : undefined,
    );
    expect((await top("-ef")).Titles).toEqual(["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"]);
    expect((await top("-eo pid,comm")).Processes).toContainEqual([pid, "sleep"]);
    expect((await top("aux")).Titles).toContain("%MEM");
    expect((await top("-o pid,etimes,args")).Processes.find(([id]: string[]) => id === pid)?.at(-1)).toBe(
      "sleep 2000",
    );
    const without = await top("-o comm");
    expect([without.status, without.message]).toEqual([400, "Couldn't find PID field in ps output"]);
    expect((await top("--nonesuch")).status).toBe(400);
    await engine.ok(["stop", "-t", "0", name]);
    const stopped = await top("-ef");
    expect([stopped.status, stopped.message.replace(/container \w+/, "container x")]).toEqual([
      409,
      "container x is not running",
    ]);
  });

  test("stats are one or a stream, with what the command line computes from, and empty for what does not run", async () => {
    const name = await create({
      Cmd: ["sh", "-c", "while :; do :; done"],
      HostConfig: { Memory: 64 * 1024 ** 2, PidsLimit: 32 },
    });
    const once = async (query: string) => (await get(`/containers/${name}/stats?${query}`)).body;
    const shot = await once("stream=false&one-shot=true");
    expect(shot).toMatchObject({
      name: `/${name}`,
      preread: "0001-01-01T00:00:00Z",
      pids_stats: { current: 1, limit: 32 },
    });
    expect(shot.memory_stats.limit).toBe(64 * 1024 ** 2);
    expect(Object.keys(shot.networks)).toEqual(["eth0"]);
    const two = await once("stream=false");
    expect(two.cpu_stats.cpu_usage.total_usage).toBeGreaterThan(two.precpu_stats.cpu_usage.total_usage);
    expect(two.cpu_stats.system_cpu_usage).toBeGreaterThan(two.precpu_stats.system_cpu_usage);
    expect(two.cpu_stats.online_cpus).toBeGreaterThan(0);
    using line = raw(`GET /containers/${name}/stats HTTP/1.1`);
    await line.until(/"read"[\s\S]*"read"/);
    expect(await engine.ok(["stats", "--no-stream", "--format", "{{.Name}} {{.CPUPerc}}", name])).toMatch(
      /^talk\d+ [1-9]\d*\.\d\d%$/,
    );
    await engine.ok(["kill", name]);
    expect(await once("stream=false")).toMatchObject({ memory_stats: {}, pids_stats: {} });
  });

  test("disk usage counts by kind, and only the kinds that were asked for", async () => {
    const name = await create({ Cmd: ["sh", "-c", "head -c 3m /dev/zero > /big"] });
    await post(`/containers/${name}/wait`);
    const usage = (await get("/system/df")).body;
    const own = usage.Containers.find(({ Names }: { Names: string[] }) => Names.includes(`/${name}`));
    expect(own.SizeRw).toBeGreaterThanOrEqual(3 * 1024 ** 2);
    expect(usage.Images[0].Containers).toBeGreaterThan(0);
    expect(usage.LayersSize).toBeGreaterThan(1e6);
    const volumes = (await get("/system/df?type=volume")).body;
    expect(volumes).toMatchObject({ Images: null, Containers: null });
    expect(Array.isArray(volumes.Volumes)).toBe(true);
    const script = ["FROM busybox", "RUN head -c 1m /dev/zero > /layer", ""].join("\n");
    await engine.ok(["build", "-t", "cached", "-"], { stdin: script, env: { DOCKER_BUILDKIT: "0" } });
    const cache = async () => (await get("/system/df?type=build-cache")).body;
    expect((await cache()).BuildCache).toMatchObject([{ Type: "regular", Shared: true, InUse: true }]);
    await engine.ok(["rmi", "cached"]);
    expect((await cache()).BuildCache).toMatchObject([{ Shared: false, InUse: false }]);
    expect((await cache()).BuilderSize).toBeGreaterThanOrEqual(2 ** 20);
    const wrong = await get("/system/df?type=fruit");
    expect([wrong.status, message(wrong)]).toEqual([400, "unknown object type: fruit"]);
  });
});
