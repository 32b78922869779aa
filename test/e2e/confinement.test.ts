import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { call, createByApi } from "./api-client.ts";
import { startEngine, type TestEngine, writeFiles } from "./harness.ts";

let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});
afterEach(async () => {
  await engine.noneLeft();
});

const sh = (script: string, ...flags: string[]): Promise<string> =>
  engine.ok(["run", "--rm", ...flags, "busybox", "sh", "-c", script]);
const run = async (...flags: string[]): Promise<{ code: number; stderr: string }> => {
  const { code, stderr } = await engine.docker(["run", "--rm", ...flags, "busybox", "true"]);
  return { code, stderr };
};
const bounding = BigInt(
  `0x${/^CapBnd:\s*(\w+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0"}`,
);
const sysResource = 1n << 24n;

describe("rights", () => {
  test("that the host cannot grant are left out with a warning, and the container runs", async () => {
    const lacks = (bounding & sysResource) === 0n;
    const asked = await engine.docker([
      ...[
        "run",
        "--rm",
        "--cap-add",
        "SYS_RESOURCE",
        "--cap-add",
        "NET_ADMIN",
        "busybox",
        "grep",
        "CapEff",
        "/proc/self/status",
      ],
    ]);
    const effective = BigInt(`0x${/CapEff:\s*(\w+)/.exec(asked.stdout)?.[1] ?? "0"}`);
    expect(effective & (1n << 12n)).toBe(1n << 12n);
    expect(effective & sysResource).toBe(lacks ? 0n : sysResource);
    const warning =
      "WARNING: Capability CAP_SYS_RESOURCE is not available on this host. Capability discarded.";
    expect(asked.stderr.includes(warning)).toBe(lacks);
    const privileged = await run("--privileged");
    expect(privileged.code).toBe(0);
    expect(privileged.stderr.includes(warning)).toBe(lacks);
    const score = await run("--oom-score-adj", "-900");
    expect({ code: score.code, warned: score.stderr.includes("Score discarded.") }).toEqual({
      code: 0,
      warned: lacks,
    });
    const hard = /Max open files\s+\d+\s+(\d+)/.exec(readFileSync("/proc/self/limits", "utf8"))?.[1] ?? "";
    const more = await run("--ulimit", `nofile=${Number(hard) + 1}`);
    expect(more.code).toBe(0);
    expect(more.stderr.includes(`Limit nofile is reduced to ${hard}`)).toBe(lacks);
  });

  test("are all, with nothing hidden, in a privileged container", async () => {
    const script =
      "grep -E '^(CapEff|Seccomp):' /proc/self/status; grep -c ' /proc/kcore ' /proc/self/mountinfo; grep ' /sys ' /proc/self/mountinfo | grep -o ' rw,' | head -1; ls /dev | grep -c loop-control";
    const status = await sh(script, "--privileged");
    const effective = BigInt(`0x${/CapEff:\s*(\w+)/.exec(status)?.[1] ?? "0"}`);
    expect(effective).toBe(bounding & effective);
    expect(effective).toBe(bounding);
    expect(status).toMatch(/Seccomp:\s0\n0\n rw,\n1$/);
  });

  test("are refused by names that no kernel knows", async () => {
    const { status, body } = await call(engine, "POST", "/v1.51/containers/create", {
      json: { Image: "busybox", HostConfig: { CapAdd: ["FLY"] } },
    });
    expect({ status, body }).toEqual({
      status: 400,
      body: { message: 'invalid CapAdd: unknown capability: "CAP_FLY"' },
    });
    const limit = { Ulimits: [{ Name: "wings", Soft: 1, Hard: 1 }] };
    const refused = await call(engine, "POST", "/v1.51/containers/create", {
      json: { Image: "busybox", HostConfig: limit },
    });
    expect(refused.body.message).toBe("invalid ulimit type: wings");
  });
});

describe("the filter of system calls", () => {
  test("is on, off, or the user's own", async () => {
    const seccomp = "grep '^Seccomp:' /proc/self/status | tr -dc 0-9";
    expect(await sh(seccomp)).toBe("2");
    expect(await sh(seccomp, "--security-opt", "seccomp=unconfined")).toBe("0");
    expect((await engine.docker(["run", "--rm", "busybox", "unshare", "-U", "true"])).code).not.toBe(0);
    const directory = writeFiles(`${engine.directory}/profiles`, {
      "no-mkdir.json": JSON.stringify({
        defaultAction: "SCMP_ACT_ALLOW",
        syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 38 }],
      }),
      "broken.json": '{"syscalls": []}',
    });
    const own = await engine.docker([
      ...["run", "--rm", "--security-opt", `seccomp=${directory}/no-mkdir.json`, "busybox", "mkdir", "/x"],
    ]);
    expect(own.stderr).toContain("Function not implemented");
    const broken = await run("--security-opt", `seccomp=${directory}/broken.json`);
    expect(broken.stderr).toContain("Decoding seccomp profile failed");
  });
});

describe("security options", () => {
  test("keep a process from gaining rights", async () => {
    const bit = "grep NoNewPrivs /proc/self/status | tr -dc 0-9";
    expect(await sh(bit)).toBe("0");
    expect(await sh(bit, "--security-opt", "no-new-privileges")).toBe("1");
    expect(await sh(bit, "--security-opt", "no-new-privileges:true")).toBe("1");
    expect(await sh(bit, "--security-opt", "no-new-privileges=false")).toBe("0");
    const odd = await run("--security-opt", "no-new-privileges=perhaps");
    expect(odd.stderr).toContain('invalid --security-opt: "no-new-privileges=perhaps"');
  });

  test("hide paths, show them all, or hide others", async () => {
    const hidden =
      "grep -cE ' (/proc/(kcore|keys)|/sys/firmware) ' /proc/self/mountinfo; grep ' /proc/sys ' /proc/self/mountinfo | grep -o ' ro,'";
    expect(await sh(hidden)).toMatch(/^[1-3]\n ro,/);
    expect((await sh(`${hidden}; true`, "--security-opt", "systempaths=unconfined")).split("\n")[0]).toBe(
      "0",
    );
    await createByApi(engine, "masks", {
      Image: "busybox",
      Cmd: ["sh", "-c", "cat /etc/passwd | wc -c; touch /home/x 2>&1"],
      HostConfig: { MaskedPaths: ["/etc/passwd"], ReadonlyPaths: ["/home"] },
    });
    const { stdout } = await engine.docker(["start", "-a", "masks"]);
    expect(stdout).toMatch(/^0\n.*Read-only file system/);
    await engine.ok(["rm", "masks"]);
  });

  test("of modules that are not here are left out with a word", async () => {
    for (const quiet of ["apparmor=unconfined", "label=disable"]) {
      expect(await run("--security-opt", quiet)).toEqual({ code: 0, stderr: "" });
    }
    const label = await run("--security-opt", "label=user:me");
    expect(label).toEqual({
      code: 0,
      stderr: "WARNING: SELinux labels are not supported by this engine. Label discarded.\n",
    });
    expect((await run("--security-opt", "magic=on")).stderr).toContain('invalid --security-opt: "magic=on"');
  });
});

describe("kernel settings", () => {
  test("are a container's own, and no others", async () => {
    const flags = [
      "--sysctl",
      "net.core.somaxconn=77",
      "--sysctl",
      "kernel.msgmax=9000",
      "--sysctl",
      "fs.mqueue.msg_max=5",
    ];
    expect(
      await sh(
        "cat /proc/sys/net/core/somaxconn /proc/sys/kernel/msgmax /proc/sys/fs/mqueue/msg_max",
        ...flags,
      ),
    ).toBe("77\n9000\n5");
    expect(await sh("cat /proc/sys/net/ipv4/ip_unprivileged_port_start")).toBe("0");
    const hostNet = await run("--network", "host", "--sysctl", "net.core.somaxconn=77");
    expect(hostNet.stderr).toContain("not allowed in host network namespace");
    const { body } = await call(engine, "POST", "/v1.51/containers/create", {
      json: { Image: "busybox", HostConfig: { Sysctls: { "vm.swappiness": "1" } } },
    });
    expect(body.message).toBe('sysctl "vm.swappiness" is not in a separate kernel namespace');
  });

  test("of one interface are named at its endpoint", async () => {
    const option = "com.docker.network.endpoint.sysctls=net.ipv4.conf.IFNAME.log_martians=1";
    const cat = "cat /proc/sys/net/ipv4/conf/eth0/log_martians";
    expect(await sh(cat, "--network", `name=bridge,driver-opt=${option}`)).toBe("1");
    const sysctl = ["--sysctl", "net.ipv4.conf.eth0.log_martians=1"];
    const direct = await engine.dockerSince(28, ["run", "--rm", ...sysctl, "busybox", "true"]);
    expect(direct.stderr).toContain(
      "must be supplied using driver option 'com.docker.network.endpoint.sysctls'",
    );
    const odd = await run("--network", "name=bridge,driver-opt=some.thing=1");
    expect(odd).toEqual({
      code: 0,
      stderr: "WARNING: Network bridge does not know the driver option some.thing. Option discarded.\n",
    });
  });
});

describe("namespaces", () => {
  const inside = (name: string, ...flags: string[]): Promise<string> =>
    sh(`readlink /proc/self/ns/${name}`, ...flags);
  const ours = (name: string): string => readlinkSync(`/proc/self/ns/${name}`);

  test("are a container's own, the host's, or another container's", async () => {
    for (const name of ["pid", "ipc", "uts", "mnt", "net"]) expect(await inside(name)).not.toBe(ours(name));
    for (const name of ["pid", "ipc", "uts"])
      expect(await inside(name, `--${name}`, "host")).toBe(ours(name));
    expect(await inside("net", "--network", "host")).toBe(ours("net"));
    expect(await inside("user", "--userns", "host")).toBe(ours("user"));
    expect(await inside("cgroup", "--cgroupns", "host")).toBe(ours("cgroup"));
    expect(await inside("cgroup", "--cgroupns", "private")).not.toBe(ours("cgroup"));
    await engine.ok(["run", "-d", "--name", "peer", "--ipc", "shareable", "busybox", "sleep", "1234"]);
    const pid = await engine.inspect("peer", "{{.State.Pid}}");
    for (const name of ["pid", "ipc", "net"]) {
      const flag = name === "net" ? "--network" : `--${name}`;
      expect(await inside(name, flag, "container:peer")).toBe(readlinkSync(`/proc/${pid}/ns/${name}`));
    }
    expect(await sh("ps", "--pid", "container:peer")).toContain("sleep 1234");
    await engine.ok(["stop", "-t", "0", "peer"]);
    const gone = await engine.docker(["run", "--name", "late", "--pid", "container:peer", "busybox", "true"]);
    expect(gone.code).toBe(125);
    expect(gone.stderr).toContain("cannot join pid namespace of a non running container");
    expect((await run("--pid", "container:nobody")).stderr).toContain("No such container: nobody");
    await engine.ok(["rm", "peer", "late"]);
  });

  test("carry the name that was asked, or the host's", async () => {
    expect(
      await sh(
        "hostname; cat /etc/hostname; grep -w web /etc/hosts | cut -f2",
        "-h",
        "web",
        "--domainname",
        "example.test",
      ),
    ).toBe("web\nweb\nweb.example.test web");
    expect(await sh("hostname; grep -w web /etc/hosts | cut -f2", "-h", "web.example.test")).toBe(
      "web.example.test\nweb.example.test web",
    );
    expect(await sh("hostname", "--uts", "host")).toBe(hostname());
    const both = await run("--uts", "host", "-h", "web");
    expect([both.code, both.stderr]).toEqual([
      125,
      expect.stringContaining("conflicting options: hostname and the UTS mode"),
    ]);
    const odd = await engine.docker(["run", "--rm", "--userns", "private", "busybox", "true"]);
    expect(odd.stderr).toContain("invalid USER mode");
  });
});

describe("the process", () => {
  test("runs as the user and groups named, of the image's own files", async () => {
    const context = writeFiles(`${engine.directory}/users`, {
      Dockerfile: "FROM busybox\nCOPY passwd group /etc/\n",
      passwd: "root:x:0:0::/root:/bin/sh\nada:x:1001:1002::/home/ada:/bin/sh\n",
      group: "root:x:0:\nmath:x:1002:\nlab:x:1003:ada\nclub:x:1004:\n",
    });
    await engine.ok(["build", "-q", "-t", "users", context], { env: { DOCKER_BUILDKIT: "0" } });
    const as = (...flags: string[]): Promise<string> =>
      engine.ok(["run", "--rm", ...flags, "users", "sh", "-c", "id -u; id -g; id -G; echo $HOME"]);
    expect(await as("-u", "ada")).toBe("1001\n1002\n1002 1003\n/home/ada");
    expect(await as("-u", "ada:club")).toBe("1001\n1004\n1004\n/home/ada");
    expect(await as("-u", "1001", "--group-add", "club", "--group-add", "77")).toBe(
      "1001\n1002\n1002 77 1003 1004\n/home/ada",
    );
    expect(await as("-u", "55:66")).toBe("55\n66\n66\n/");
    for (const [flag, words] of [
      ["-u=nobody-here", "unable to find user nobody-here: no matching entries in passwd file"],
      ["-u=ada:nogroup", "unable to find group nogroup: no matching entries in group file"],
      ["--group-add=nogroup", "unable to find group nogroup: no matching entries in group file"],
      ["-u=99999999999", "uids and gids must be in range 0-2147483647"],
    ] as const) {
      const { code, stderr } = await engine.docker(["run", "--rm", flag, "users", "true"]);
      expect({ flag, code, stderr }).toEqual({ flag, code: 125, stderr: expect.stringContaining(words) });
    }
    await engine.ok(["rmi", "users"]);
  });

  test("gets variables, labels and hosts from flags and files, and an init", async () => {
    const directory = writeFiles(`${engine.directory}/lists`, {
      env: "# words\nA=1\nB=two words\n",
      labels: "x=1\ny\n",
    });
    await engine.ok([
      ...[
        "create",
        "--name",
        "filled",
        "--env-file",
        `${directory}/env`,
        "-e",
        "A=2",
        "--label-file",
        `${directory}/labels`,
      ],
      ...[
        "--annotation",
        "who=me",
        "--add-host",
        "db:10.1.2.3",
        "--add-host",
        "up:host-gateway",
        "--dns",
        "10.9.8.7",
      ],
      ...["--dns-search", "corp.test", "--dns-option", "timeout:1", "--init", "busybox", "sh", "-c"],
      "echo $A $B; cat /etc/hosts /etc/resolv.conf; cat /proc/1/cmdline | tr '\\0' ' '",
    ]);
    const text = await engine.ok(["start", "-a", "filled"]);
    expect(text).toStartWith("2 two words\n");
    expect(text).toContain("10.1.2.3\tdb\n");
    expect(text).toMatch(/^\d+\.\d+\.\d+\.1\tup$/m);
    expect(text).toMatch(/nameserver 10\.9\.8\.7\nsearch corp\.test\noptions timeout:1/);
    expect(text).toMatch(/docker-init -- sh -c/);
    expect(await engine.inspect("filled", "{{json .Config.Labels}} {{json .HostConfig.Annotations}}")).toBe(
      '{"x":"1"} {"who":"me"}',
    );
    await engine.ok(["rm", "filled"]);
    await engine.ok(["run", "-d", "--name", "linked", "busybox", "sleep", "1000"]);
    expect(await sh("grep -c alias /etc/hosts", "--link", "linked:alias")).toBe("1");
    await engine.ok(["rm", "-f", "linked"]);
  });
});

describe("our own command line", () => {
  test("gives the engine's socket to a container, and says what it drops or cannot read", async () => {
    const list = ["run", "--rm", "--use-api-socket", "busybox", "ls", "-l", "/var/run/docker.sock"];
    expect(await engine.gantryOk(list)).toMatch(/^srw/);
    const dropped = await engine.gantry(["run", "--rm", "--kernel-memory", "4m", "busybox", "true"]);
    expect(dropped).toEqual({
      code: 0,
      stdout: "",
      stderr: "WARNING: No kernel of today limits kernel memory. Limitation discarded.\n",
    });
    const odd = await engine.gantry(["run", "--rm", "--platform", "///", "busybox", "true"]);
    expect(odd.code).toBe(1);
    expect(odd.stderr).toStartWith("error parsing specified platform: ");
  });
});

describe("what cannot be done", () => {
  test("is refused in Docker's words, and nothing is made", async () => {
    const cases: readonly (readonly [readonly string[], string])[] = [
      [["--gpus", "all"], 'could not select device driver "" with capabilities: [[gpu]]'],
      [
        ["--device", "vendor.com/class=one"],
        "CDI device injection failed: unresolvable CDI devices vendor.com/class=one",
      ],
      [
        ["--storage-opt", "size=1g"],
        "--storage-opt is supported only for overlay over xfs with 'pquota' mount option",
      ],
      [["--isolation", "hyperv"], "invalid isolation 'hyperv' on linux"],
      [["--runtime", "nonesuch"], "unknown or invalid runtime name: nonesuch"],
      [["-p", "80/sctp"], 'protocol "sctp" is not supported'],
      [["--ip6", "fd00::9", "--network", "bridge"], "has no IPv6 subnet"],
      [
        ["--ip", "172.17.0.9", "--network", "bridge"],
        "user specified IP address is supported on user defined networks only",
      ],
      [["--ipc", "odd"], "invalid IPC mode: odd"],
      [["-w", "relative"], "the working directory 'relative' is invalid, it needs to be an absolute path"],
      [["--network", "container:nobody", "-p", "80:80"], "No such container: nobody"],
      [
        ["--device", "/dev/nonesuch"],
        'error gathering device information while adding custom device "/dev/nonesuch": no such file or directory',
      ],
    ];
    for (const [flags, words] of cases) {
      const { code, stderr } = await run(...flags);
      expect({ flags, stderr }).toEqual({ flags, stderr: expect.stringContaining(words) });
      expect({ flags, failed: code === 125 || code === 127 }).toEqual({ flags, failed: true });
    }
    const other = await call(engine, "POST", "/v1.51/containers/create?platform=linux/s390x", {
      json: { Image: "busybox" },
    });
    expect(other.status).toBe(404);
    expect(other.body.message).toMatch(
      /^image with reference busybox was found but its platform \(linux\/\w+\) does not match the specified platform \(linux\/s390x\)$/,
    );
    const warned = await run("--link-local-ip", "169.254.7.7", "--network", "bridge");
    expect(warned).toEqual({
      code: 0,
      stderr: "WARNING: Network bridge has no link-local addresses. Link-local addresses discarded.\n",
    });
  });
});
