import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { archive } from "./archive.ts";
import { startEngine, type TestEngine } from "./harness.ts";
import { eventually, run } from "./process.ts";

let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine({ steps: true });
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

const quick = ["--health-interval", "100ms", "--health-retries", "2"];
const server = "mkdir -p /w; echo fine > /w/index.html; exec httpd -f -p 8099 -h /w";
const health = (name: string): Promise<string> => engine.inspect(name, "{{.State.Health.Status}}");
const becomes = (name: string, status: string) =>
  eventually(`${name} to be ${status}`, async () => ((await health(name)) === status ? true : undefined));

describe("an ephemeral container", () => {
  test("begins every run with the image's files, asked for by our flag or by an annotation", async () => {
    const asked = [
      ["gantry", "--ephemeral"],
      ["docker", "--annotation", "gantry.ephemeral=true"],
      ["docker", "--label", "gantry.ephemeral=true"],
    ] as const;
    await Promise.all(
      asked.map(async ([program, ...flags], at) => {
        const call = ["run", "--name", `eph${at}`, ...flags, "busybox", "sh", "-c"];
        const script = "cat /count 2>/dev/null; test -e /.dockerenv && echo x >> /count; cat /count";
        const { stdout } = await engine[program]([...call, script]);
        expect(stdout).toBe("x\n");
        expect(await engine.ok(["diff", `eph${at}`])).toBe("");
        expect(await engine.ok(["start", "-a", `eph${at}`])).toBe("x");
      }),
    );
    expect(await engine.inspect("eph0", "{{json .HostConfig.Annotations}}")).toBe(
      '{"gantry.ephemeral":"true"}',
    );
    await engine.ok(["rm", "eph0", "eph1", "eph2"]);
  });

  test("keeps what is copied into it before its first run, and what it writes to volumes", async () => {
    await engine.ok([
      "create",
      "--name",
      "fed",
      "--annotation",
      "gantry.ephemeral=true",
      "-v",
      "kept:/data",
      "busybox",
      "sh",
      "-c",
      "cat /in; echo y >> /data/out",
    ]);
    await engine.ok(["cp", "-", "fed:/"], { stdin: await archive([{ name: "in", text: "given\n" }]) });
    expect(await engine.ok(["start", "-a", "fed"])).toBe("given");
    expect((await engine.docker(["start", "-a", "fed"])).stderr).toContain("can't open '/in'");
    expect(await engine.ok(["run", "--rm", "-v", "kept:/data", "busybox", "cat", "/data/out"])).toBe("y\ny");
    await engine.ok(["rm", "-v", "fed"]);
  });

  test("has forgotten even what it wrote when it ended while no engine was there", async () => {
    await engine.ok([
      "run",
      "-d",
      "--name",
      "orphan",
      "--annotation",
      "gantry.ephemeral=true",
      "busybox",
      "sh",
      "-c",
      "test -e /mark && echo old; touch /mark; exec sleep 1000",
    ]);
    const pid = Number(await engine.inspect("orphan", "{{.State.Pid}}"));
    await eventually("the mark", async () =>
      (await engine.ok(["diff", "orphan"])).includes("/mark") ? true : undefined,
    );
    await engine.kill9();
    process.kill(pid, "SIGKILL");
    await engine.start();
    expect(await engine.inspect("orphan", "{{.State.Status}}")).toBe("exited");
    expect(await engine.ok(["diff", "orphan"])).toBe("");
    await engine.ok(["start", "orphan"]);
    expect(await engine.ok(["logs", "orphan"])).toBe("");
    await engine.ok(["rm", "-f", "orphan"]);
  });

  test("is found without its layer and made whole when the engine is killed at throwing it away", async () => {
    await engine.ok([
      "run",
      "-d",
      "--name",
      "halfway",
      "--annotation",
      "gantry.ephemeral=true",
      "busybox",
      "sh",
      "-c",
      "touch /mark; sleep 1000",
    ]);
    engine.steps.killAt("exit:layer-discarded");
    await engine.docker(["kill", "halfway"]);
    await engine.ended();
    await engine.start();
    expect(await engine.inspect("halfway", "{{.State.Status}} {{.State.ExitCode}}")).toBe("exited 137");
    expect(await engine.ok(["diff", "halfway"])).toBe("");
    await engine.ok(["start", "halfway"]);
    expect(await engine.inspect("halfway", "{{.State.Status}}")).toBe("running");
    await engine.ok(["rm", "-f", "halfway"]);
  });
});

describe("a probe of the engine", () => {
  test("asks by HTTP inside a container that has no network and no client of its own", async () => {
    await engine.gantryOk([
      "run",
      "-d",
      "--name",
      "asked",
      "--network",
      "none",
      ...quick,
      "--health-http",
      "http://localhost:8099/",
      "busybox",
      "sh",
      "-c",
      server,
    ]);
    await becomes("asked", "healthy");
    expect(await engine.inspect("asked", "{{json .Config.Healthcheck.Test}}")).toBe(
      '["HTTP","http://localhost:8099/"]',
    );
    await engine.ok(["exec", "asked", "rm", "/w/index.html"]);
    await becomes("asked", "unhealthy");
    const output = await engine.inspect(
      "asked",
      "{{range .State.Health.Log}}{{.ExitCode}} {{.Output}}{{end}}",
    );
    expect(output).toContain("1 HTTP/1.1 404 Not Found");
    await engine.ok(["rm", "-f", "asked"]);
  });

  test("connects to a port, and tells when nobody accepts", async () => {
    const flags = ["--annotation", "gantry.health-tcp=8099", ...quick];
    await engine.ok(["run", "-d", "--name", "open", ...flags, "busybox", "sh", "-c", server]);
    await engine.ok(["run", "-d", "--name", "shut", ...flags, "busybox", "sleep", "1000"]);
    await becomes("open", "healthy");
    await becomes("shut", "unhealthy");
    expect(await engine.inspect("shut", "{{(index .State.Health.Log 0).Output}}")).toContain(
      "cannot connect to 127.0.0.1:8099",
    );
    await engine.ok(["rm", "-f", "open", "shut"]);
  });

  test("gives up on a server that never answers", async () => {
    await engine.gantryOk([
      "run",
      "-d",
      "--name",
      "mute",
      ...quick,
      "--health-timeout",
      "200ms",
      "--health-http",
      "http://localhost:8099/",
      "busybox",
      "nc",
      "-ll",
      "-p",
      "8099",
      "-e",
      "sleep",
      "1000",
    ]);
    await becomes("mute", "unhealthy");
    expect(await engine.inspect("mute", "{{(index .State.Health.Log 0).Output}}")).toBe(
      "Health check exceeded timeout (200ms)",
    );
    await engine.ok(["rm", "-f", "mute"]);
  });

  test("is refused where it makes no sense, and nothing is left behind", async () => {
    const refused = async (...flags: string[]): Promise<string> =>
      (await engine.docker(["create", "--name", "senseless", ...flags, "busybox", "true"])).stderr;
    expect(await refused("--annotation", "gantry.health-http=http://web/")).toContain(
      "has to be localhost or an IP address",
    );
    expect(await refused("--annotation", "gantry.health-http=ftp://localhost/")).toContain(
      "invalid health check URL",
    );
    expect(await refused("--annotation", "gantry.health-tcp=0")).toContain('invalid health check port "0"');
    expect(await refused("--annotation", "gantry.health-tcp=1", "--health-cmd", "true")).toContain(
      "conflicting options",
    );
    expect(await refused("--label", "gantry.on-unhealthy=explode")).toContain("use restart, stop or none");
    expect(await refused("--annotation", "gantry.epemeral=true")).toContain("unknown option gantry.epemeral");
    expect(await engine.ok(["ps", "-aq", "--filter", "name=senseless"])).toBe("");
  });
});

describe("an unhealthy container", () => {
  test("is started again, stopped or left alone, as it was asked", async () => {
    await using events = engine.follow(["events", "--filter", "container=again", "--format", "{{.Action}}"]);
    const run = (name: string, reaction: string, ...command: string[]) =>
      engine.gantryOk([
        "run",
        "-d",
        "--name",
        name,
        "--on-unhealthy",
        reaction,
        "--stop-timeout",
        "0",
        "--health-cmd",
        "test -e /ok",
        ...quick,
        "busybox",
        ...command,
      ]);
    await run("again", "restart", "sh", "-c", "test -e /ran && touch /ok; touch /ran; exec sleep 1000");
    await run("ended", "stop", "sleep", "1000");
    await run("left", "none", "sleep", "1000");
    await becomes("again", "healthy");
    expect(await engine.inspect("again", "{{.RestartCount}} {{.State.Running}}")).toBe("1 true");
    // Checks that are under way put their own events between.
    await events.until(
      /health_status: unhealthy\n[\s\S]*kill\n[\s\S]*die\n[\s\S]*stop\n[\s\S]*start\n[\s\S]*restart\n/,
    );
    await eventually("the stop", async () =>
      (await engine.inspect("ended", "{{.State.Running}}")) === "false" ? true : undefined,
    );
    expect(await engine.gantryOk(["why", "ended"])).toContain("It became unhealthy and was stopped for it");
    await becomes("left", "unhealthy");
    expect(await engine.inspect("left", "{{.State.Running}} {{.RestartCount}}")).toBe("true 0");
    await engine.ok(["rm", "-f", "again", "ended", "left"]);
  });

  test("stays down when a user stops it while it is about to be started again, and with --rm it is gone", async () => {
    for (const flags of [[], ["--rm"]]) {
      await using events = engine.follow([
        "events",
        "--filter",
        "container=meant",
        "--format",
        "{{.Action}}",
      ]);
      const asked = ["--on-unhealthy", "restart", "--stop-timeout", "600", "--health-cmd", "false", ...quick];
      const deaf = ["sh", "-c", "trap '' TERM; while true; do sleep 0.1; done"];
      await engine.gantryOk(["run", "-d", "--name", "meant", ...flags, ...asked, "busybox", ...deaf]);
      await events.until(/kill\n/);
      await engine.ok(["stop", "-t", "0", "meant"]);
      if (flags.length > 0) await events.until(/destroy\n/);
      else expect(await engine.inspect("meant", "{{.State.Status}} {{.RestartCount}}")).toBe("exited 0");
      await engine.docker(["rm", "-f", "meant"]);
      await events.until(/destroy\n/);
      expect(events.stdout.match(/^start$/gm)).toHaveLength(1);
    }
  });

  test("is known to be so by the next engine", async () => {
    await engine.ok([
      "run",
      "-d",
      "--name",
      "known",
      "--health-cmd",
      "false",
      "--health-interval",
      "100ms",
      "--health-retries",
      "1",
      "busybox",
      "sleep",
      "1000",
    ]);
    await becomes("known", "unhealthy");
    await engine.stop();
    await engine.start();
    expect(await health("known")).toBe("unhealthy");
    expect(await engine.ok(["ps", "--filter", "health=unhealthy", "--format", "{{.Names}}"])).toBe("known");
    await engine.ok(["rm", "-f", "known"]);
  });
});

/** The first three bytes of a subnet that no other engine on the machine is likely to have. */
const net = `10.${[...crypto.getRandomValues(new Uint8Array(2))].map((byte) => (byte % 200) + 30).join(".")}`;

describe("inspect --as run", () => {
  test("prints the command that makes the container again", async () => {
    await engine.ok(["network", "create", "--subnet", `${net}.0/24`, "again-net"]);
    await engine.ok(["run", "-d", "--name", "peer", "-v", "/shared", "busybox", "sleep", "1000"]);
    const recipes: readonly (readonly string[])[] = [
      ["busybox"],
      [...everyFlag(engine.directory), "busybox", "sh", "-c", `echo "a b" $HOME 'it''s' && exec sleep 1000`],
      [
        "-it",
        "--network",
        "none",
        "--entrypoint",
        "sleep",
        "--pid",
        "host",
        "--ipc",
        "shareable",
        "--uts",
        "host",
        "--privileged",
        "--volumes-from",
        "peer",
        "--init",
        "busybox",
        "1000",
      ],
      [
        "--network",
        "container:peer",
        "--no-healthcheck",
        "--log-driver",
        "none",
        "--rm",
        "busybox",
        "sleep",
        "1000",
      ],
      [
        "--network",
        `name=again-net,ip=${net}.9,alias=x,alias=y`,
        "--network",
        "bridge2",
        "-P",
        "--expose",
        "9000",
        "--ephemeral",
        "--health-http",
        "http://localhost/",
        "--on-unhealthy",
        "restart",
        "busybox",
        "sleep",
        "1000",
      ],
    ];
    await engine.ok(["network", "create", "bridge2"]);
    for (const recipe of recipes) {
      await engine.gantryOk(["create", "--name", "copied", ...recipe]);
      const before = await comparable("copied");
      const command = await engine.gantryOk(["inspect", "--as", "run", "copied"]);
      await engine.ok(["rm", "-v", "copied"]);
      const create = command
        .replace(/^gantry run/, `${join(import.meta.dir, "../../bin/gantry")} create`)
        .replace(/^ +--detach \\\n/m, "");
      const { code, stderr } = await run(["sh", "-c", create], { env: engine.environment() });
      // Warnings about what this machine lacks are none of the command's business.
      expect({ code, stderr: stderr.replace(/^WARNING: .*\n/gm, "") }).toEqual({ code: 0, stderr: "" });
      expect(await comparable("copied")).toEqual(before);
      await engine.ok(["rm", "-v", "copied"]);
    }
    await engine.ok(["rm", "-fv", "peer"]);
    await engine.ok(["network", "rm", "again-net", "bridge2"]);
  });

  test("knows no other form", async () => {
    const { code, stderr } = await engine.gantry(["inspect", "--as", "poem", "x"]);
    expect({ code, stderr }).toEqual({ code: 125, stderr: 'unknown form for --as: "poem": use run\n' });
  });
});

/** Everything that inspect tells but what is another one with each container. */
async function comparable(name: string): Promise<unknown> {
  const [found] = JSON.parse(await engine.ok(["inspect", name]));
  const text = JSON.stringify({
    Config: { ...found.Config, AttachStdin: 0, AttachStdout: 0, AttachStderr: 0, StdinOnce: 0 },
    HostConfig: found.HostConfig,
    Networks: Object.keys(found.NetworkSettings.Networks),
    Endpoints: Object.values<Record<string, unknown>>(found.NetworkSettings.Networks).map(
      ({ IPAMConfig, Links, Aliases, DriverOpts, GwPriority }) => ({
        IPAMConfig,
        Links,
        Aliases,
        DriverOpts,
        GwPriority,
      }),
    ),
    Mounts: found.Mounts.map(({ Type, Destination, Mode, RW }: Record<string, unknown>) => ({
      Type,
      Destination,
      Mode,
      RW,
    })),
    Path: found.Path,
    Args: found.Args,
  });
  return JSON.parse(text.replaceAll(found.Id, "ID").replaceAll(found.Id.slice(0, 12), "ID"));
}

function everyFlag(directory: string): string[] {
  return [
    ...[
      "--hostname",
      "h",
      "--domainname",
      "d.test",
      "--user",
      "1:2",
      "--workdir",
      "/tmp",
      "--group-add",
      "7",
    ],
    ...[
      "-e",
      "A=b c",
      "-e",
      "Q='\"$x",
      "--label",
      "l=with space",
      "--annotation",
      "an=1",
      "--stop-signal",
      "INT",
    ],
    ...[
      "--stop-timeout",
      "0",
      "--restart",
      "on-failure:3",
      "-p",
      "127.0.0.1::80/udp",
      "-p",
      "8088-8089:81-82",
    ],
    ...["-v", `${directory}:/bind:ro`, "-v", "vol-again:/vol", "-v", "/anonymous"],
    ...["--mount", `type=bind,source=${directory},target=/m,bind-propagation=rslave,readonly`],
    ...["--mount", "type=tmpfs,target=/t,tmpfs-size=1048576,tmpfs-mode=700"],
    ...["--mount", '"type=volume","source=vol-again","target=/v,w",volume-nocopy,volume-label=a=b'],
    ...[
      "--tmpfs",
      "/tt:size=65536k",
      "--read-only",
      "--shm-size",
      "32m",
      "--dns",
      "9.9.9.9",
      "--dns-search",
      "x.test",
    ],
    ...[
      "--dns-option",
      "ndots:2",
      "--add-host",
      "db:10.0.0.1",
      "--cap-add",
      "NET_ADMIN",
      "--cap-drop",
      "MKNOD",
    ],
    ...[
      "--security-opt",
      "no-new-privileges",
      "--security-opt",
      "systempaths=unconfined",
      "--oom-score-adj",
      "100",
    ],
    ...[
      "--sysctl",
      "net.ipv4.ip_forward=1",
      "-m",
      "64m",
      "--memory-reservation",
      "32m",
      "--memory-swap",
      "96m",
    ],
    ...["--cpus", "0.5", "--cpu-shares", "512", "--pids-limit", "64", "--ulimit", "nofile=128:256"],
    ...["--device", "/dev/null:/dev/nil:rw", "--device-cgroup-rule", "c 1:3 rwm", "--log-opt", "max-size=1m"],
    ...["--health-cmd", "test -e /ok", "--health-interval", "1m30s", "--health-timeout", "1500ms"],
    ...["--health-retries", "4", "--health-start-period", "2s", "--health-start-interval", "500ms"],
    ...[
      "--network",
      "again-net",
      "--network-alias",
      "one",
      "--ip",
      `${net}.8`,
      "--mac-address",
      "02:42:00:00:00:09",
    ],
    ...["--link", "peer:friend", "--cgroupns", "host", "--init=false", "--entrypoint", ""],
  ];
}

describe("why", () => {
  test("explains in plain words how a container ended and what can be done", async () => {
    await engine.docker(["run", "--name", "missing", "busybox", "nonesuch"]);
    await engine.docker([
      "run",
      "--name",
      "hungry",
      "-m",
      "16m",
      "--memory-swap",
      "16m",
      "busybox",
      "sh",
      "-c",
      "echo eating; head -c 100m /dev/zero | tail; exit 137",
    ]);
    await engine.docker([
      "run",
      "--name",
      "failing",
      "busybox",
      "sh",
      "-c",
      "echo first; printf 'last \\033[31m words\\n' >&2; exit 3",
    ]);
    await engine.ok(["run", "-d", "--name", "deaf", "busybox", "sleep", "1000"]);
    await engine.ok(["stop", "-t", "0", "deaf"]);
    const why = (name: string): Promise<string> => engine.gantryOk(["why", name]);
    expect(await why("missing")).toContain('The image has no command "nonesuch".');
    const hungry = await why("hungry");
    expect(hungry).toContain("more memory than its limit of 16m");
    expect(hungry).toContain("  | eating");
    const failing = await why("failing");
    expect(failing).toContain("with exit code 3");
    expect(failing).toContain("  | last �[31m words");
    await engine.ok([
      "run",
      "-d",
      "--name",
      "painted",
      "--health-cmd",
      "printf 'sick \\033[31m red'; exit 1",
      ...quick,
      "busybox",
      "sleep",
      "1000",
    ]);
    await becomes("painted", "unhealthy");
    const painted = await why("painted");
    expect(painted).toContain("sick �[31m red");
    expect(painted).not.toContain("\u001b");
    await engine.ok(["rm", "-f", "painted"]);
    expect(await why("deaf")).toContain("It was stopped on request, and killed because it did not end");
    await engine.ok(["rm", "missing", "hungry", "failing", "deaf"]);
  });

  test("names who has the port that a start wanted", async () => {
    await engine.ok(["run", "-d", "--name", "holder", "-p", "127.0.0.1::80", "busybox", "sleep", "1000"]);
    const port = (await engine.ok(["port", "holder", "80"])).split(":")[1];
    await engine.docker(["run", "-d", "--name", "wanting", "-p", `127.0.0.1:${port}:80`, "busybox", "true"]);
    expect(await engine.gantryOk(["why", "wanting"])).toContain(`Port ${port} belongs to holder.`);
    await engine.ok(["rm", "-f", "holder", "wanting"]);
    const { code, stderr } = await engine.gantry(["why", "wanting"]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: "Error response from daemon: No such container: wanting\n",
    });
  });
});
