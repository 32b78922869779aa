import { describe, expect, test } from "bun:test";
import { parseFlags } from "../flags/index.ts";
import { createFlags, planContainer } from "./index.ts";

const files: Readonly<Record<string, string>> = {
  "/work/env": "\n# comment\nFROM_FILE=1\nINHERITED\nUNSET\n  INDENTED=x y\n",
  "/work/labels": "a=1\nb\n",
  "/work/profile.json": '{ "defaultAction" : "SCMP_ACT_ALLOW" }',
  "/work/bad": "no name=1\n",
};

const at = {
  env: { INHERITED: "yes", GIVEN: "here" },
  directory: "/work",
  engine: "unix:///run/engine.sock",
  readText: async (path: string) => {
    const text = files[path.startsWith("/") ? path : `/work/${path}`];
    if (text === undefined) throw Object.assign(new Error("gone"), { code: "ENOENT" });
    return text;
  },
};

async function request(...argv: string[]) {
  const { flags, args } = parseFlags(createFlags, [...argv, "image", "cmd", "-x"], { interspersed: false });
  return (await planContainer(at, flags, { args, detached: false })).request;
}

const host = async (...argv: string[]) => (await request(...argv)).HostConfig;

describe("a container's configuration", () => {
  test("without flags holds what the engine cannot know", async () => {
    expect(await request()).toEqual({
      Image: "image",
      Cmd: ["cmd", "-x"],
      AttachStdout: true,
      AttachStderr: true,
      HostConfig: { NetworkMode: "default" },
    });
  });

  test("takes its streams from -i, -t and -a", async () => {
    expect(await request("-it")).toMatchObject({
      Tty: true,
      OpenStdin: true,
      StdinOnce: true,
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
    });
    const onlyOut = await request("-a", "STDOUT");
    expect([onlyOut.AttachStdout, onlyOut.AttachStderr]).toEqual([true, undefined]);
    const { flags, args } = parseFlags(createFlags, ["-i", "image"], { interspersed: false });
    const detached = await planContainer(at, flags, { args, detached: true });
    expect(detached.request).toMatchObject({ OpenStdin: true });
    expect(detached.request).not.toHaveProperty("StdinOnce");
    expect(detached.request).not.toHaveProperty("AttachStdout");
  });

  test("takes its process from the flags", async () => {
    expect(
      await request(
        ...["--entrypoint", "", "-u", "1:2", "-w", "/w", "-h", "h", "--domainname", "d"],
        ...["--stop-signal", "INT", "--stop-timeout", "3"],
      ),
    ).toMatchObject({
      Entrypoint: [""],
      User: "1:2",
      WorkingDir: "/w",
      Hostname: "h",
      Domainname: "d",
      StopSignal: "INT",
      StopTimeout: 3,
    });
  });

  test("takes variables and labels from files first, bare names from the surroundings", async () => {
    const made = await request(
      ...["--env-file", "env", "-e", "A=b=c", "-e", "GIVEN", "-e", "NOT_SET", "-e", "EMPTY="],
      ...["--label-file", "labels", "-l", "c=3", "--label", "d"],
    );
    expect(made.Env).toEqual([
      ...["FROM_FILE=1", "INHERITED=yes", "INDENTED=x y", "A=b=c", "GIVEN=here", "NOT_SET", "EMPTY="],
    ]);
    expect(made.Labels).toEqual({ a: "1", c: "3", d: "" });
  });

  test("binds ports one to one, to addresses, to random ports, and to the first free of a range", async () => {
    const made = await request(
      ...["-p", "8080:80", "-p", "127.0.0.1:53:53/udp", "-p", "127.0.0.1::81", "-p", "90"],
      ...["-p", "1000-1001:2000-2001", "-p", "8000-8010:82", "-p", "[::1]:83:83", "--expose", "70-71/udp"],
      ...["-p", "published=84,target=84,protocol=tcp"],
    );
    expect(made.HostConfig?.PortBindings).toEqual({
      "80/tcp": [{ HostIp: "", HostPort: "8080" }],
      "53/udp": [{ HostIp: "127.0.0.1", HostPort: "53" }],
      "81/tcp": [{ HostIp: "127.0.0.1", HostPort: "" }],
      "90/tcp": [{ HostIp: "", HostPort: "" }],
      "2000/tcp": [{ HostIp: "", HostPort: "1000" }],
      "2001/tcp": [{ HostIp: "", HostPort: "1001" }],
      "82/tcp": [{ HostIp: "", HostPort: "8000-8010" }],
      "83/tcp": [{ HostIp: "::1", HostPort: "83" }],
      "84/tcp": [{ HostIp: "", HostPort: "84" }],
    });
    expect(Object.keys(made.ExposedPorts ?? {})).toContain("71/udp");
  });

  test("mounts volumes, binds and temporary file systems", async () => {
    const made = await request(
      ...["-v", "/anonymous", "-v", "name:/a:ro", "-v", "./rel:/b", "-v", "/abs:/c", "--tmpfs", "/t:size=1m"],
      ...["--mount", "type=bind,src=./x,dst=/d,readonly,bind-propagation=rslave"],
      ...["--mount", 'type=volume,source=v,target=/e,volume-nocopy,"volume-opt=o=a,b",volume-label=k=v'],
      ...["--mount", "type=tmpfs,target=/f,tmpfs-size=2m,tmpfs-mode=1770", "--volumes-from", "other"],
    );
    expect(made.Volumes).toEqual({ "/anonymous": {} });
    expect(made.HostConfig).toMatchObject({
      Binds: ["name:/a:ro", "/work/rel:/b", "/abs:/c"],
      Tmpfs: { "/t": "size=1m" },
      VolumesFrom: ["other"],
      Mounts: [
        {
          Type: "bind",
          Source: "/work/x",
          Target: "/d",
          ReadOnly: true,
          BindOptions: { Propagation: "rslave" },
        },
        {
          Type: "volume",
          Source: "v",
          Target: "/e",
          VolumeOptions: { NoCopy: true, Labels: { k: "v" }, DriverConfig: { Options: { o: "a,b" } } },
        },
        { Type: "tmpfs", Target: "/f", TmpfsOptions: { SizeBytes: 2097152, Mode: 0o1770 } },
      ],
    });
  });

  test("limits resources", async () => {
    expect(
      await host(
        ...["-m", "64m", "--memory-swap=-1", "--memory-reservation", "32m", "--memory-swappiness", "10"],
        ...[
          "--cpus",
          "1.5",
          "-c",
          "512",
          "--cpuset-cpus",
          "0,1",
          "--pids-limit",
          "100",
          "--oom-kill-disable",
        ],
        ...[
          "--ulimit",
          "nofile=1024:2048",
          "--ulimit",
          "core=0",
          "--shm-size",
          "1g",
          "--blkio-weight",
          "300",
        ],
        ...["--device", "/dev/a", "--device", "/dev/b:/dev/c:r", "--device", "/dev/d:rw"],
        ...["--device-read-bps", "/dev/sda:1mb", "--device-cgroup-rule", "c 1:3 r", "--oom-score-adj", "-5"],
      ),
    ).toMatchObject({
      Memory: 67108864,
      MemorySwap: -1,
      MemoryReservation: 33554432,
      MemorySwappiness: 10,
      NanoCpus: 1_500_000_000,
      CpuShares: 512,
      CpusetCpus: "0,1",
      PidsLimit: 100,
      OomKillDisable: true,
      OomScoreAdj: -5,
      Ulimits: [
        { Name: "nofile", Soft: 1024, Hard: 2048 },
        { Name: "core", Soft: 0, Hard: 0 },
      ],
      ShmSize: 1073741824,
      BlkioWeight: 300,
      Devices: [
        { PathOnHost: "/dev/a", PathInContainer: "/dev/a", CgroupPermissions: "rwm" },
        { PathOnHost: "/dev/b", PathInContainer: "/dev/c", CgroupPermissions: "r" },
        { PathOnHost: "/dev/d", PathInContainer: "/dev/d", CgroupPermissions: "rw" },
      ],
      BlkioDeviceReadBps: [{ Path: "/dev/sda", Rate: 1048576 }],
      DeviceCgroupRules: ["c 1:3 r"],
    });
  });

  test("sets security, the text of a seccomp profile in place of its path", async () => {
    expect(
      await host(
        ...["--privileged", "--cap-add", "NET_ADMIN", "--cap-drop", "ALL", "--read-only", "--group-add", "5"],
        ...["--security-opt", "seccomp=profile.json", "--security-opt", "no-new-privileges"],
        ...["--security-opt", "systempaths=unconfined", "--sysctl", "net.core.somaxconn=10"],
      ),
    ).toMatchObject({
      Privileged: true,
      CapAdd: ["CAP_NET_ADMIN"],
      CapDrop: ["ALL"],
      ReadonlyRootfs: true,
      GroupAdd: ["5"],
      SecurityOpt: ['seccomp={"defaultAction":"SCMP_ACT_ALLOW"}', "no-new-privileges"],
      MaskedPaths: [],
      ReadonlyPaths: [],
      Sysctls: { "net.core.somaxconn": "10" },
    });
  });

  test("names networks, in the short form and the long one", async () => {
    const short = await request("--net", "n1", "--net-alias", "a", "--ip", "10.0.0.5", "--link", "db");
    expect([short.HostConfig?.NetworkMode, short.NetworkingConfig]).toEqual([
      "n1",
      {
        EndpointsConfig: { n1: { IPAMConfig: { IPv4Address: "10.0.0.5" }, Links: ["db"], Aliases: ["a"] } },
      },
    ]);
    const long = await request(
      "--network",
      "name=n1,alias=a,alias=b,driver-opt=k=v,gw-priority=2",
      "--network",
      "n2",
    );
    expect(long.NetworkingConfig).toEqual({
      EndpointsConfig: { n1: { Aliases: ["a", "b"], DriverOpts: { k: "v" }, GwPriority: 2 }, n2: {} },
    });
    expect((await request("--network", "host")).NetworkingConfig).toBeUndefined();
  });

  test("says how names are looked up", async () => {
    expect(
      await host(
        ...["--dns", "1.1.1.1", "--dns-opt", "ndots:1", "--dns-search", "x"],
        ...["--add-host", "a:1.2.3.4", "--add-host", "b=host-gateway", "--add-host", "c=[::1]"],
      ),
    ).toMatchObject({
      Dns: ["1.1.1.1"],
      DnsOptions: ["ndots:1"],
      DnsSearch: ["x"],
      ExtraHosts: ["a:1.2.3.4", "b:host-gateway", "c:::1"],
    });
  });

  test("restarts, removes, logs and checks health", async () => {
    const made = await request(
      ...["--restart", "on-failure:3", "--init", "--log-driver", "json-file", "--log-opt", "max-size=1m"],
      ...["--health-cmd", "true", "--health-interval", "5s", "--health-retries", "2"],
    );
    expect(made.HostConfig).toMatchObject({
      RestartPolicy: { Name: "on-failure", MaximumRetryCount: 3 },
      Init: true,
      LogConfig: { Type: "json-file", Config: { "max-size": "1m" } },
    });
    expect(made.Healthcheck).toEqual({ Test: ["CMD-SHELL", "true"], Interval: 5e9, Retries: 2 });
    expect((await request("--no-healthcheck")).Healthcheck).toEqual({ Test: ["NONE"] });
    expect((await host("--rm"))?.AutoRemove).toBe(true);
  });

  test.each([
    [["-p", "99999999:1"], "invalid hostPort: 99999999"],
    [["-p", "1-2:1-3"], "invalid ranges specified for container and host Ports: 1-3 and 1-2"],
    [["-p", "1.2.3.999:1:1"], "invalid IP address: 1.2.3.999"],
    [["-p", "80/x"], "invalid proto: x"],
    [["-v", ":/x"], "invalid spec: :/x: empty section between colons"],
    [
      ["--mount", "type=bind,target=/x,volume-nocopy"],
      "cannot mix 'volume-*' options with mount type 'bind'",
    ],
    [["--mount", "foo"], `invalid field 'foo' must be a key=value pair`],
    [["--ulimit", "x"], "invalid ulimit argument: x"],
    [["--ulimit", "nofile=3:2"], "ulimit soft limit must be less than or equal to hard limit: 3 > 2"],
    [["-a", "foo"], "valid streams are STDIN, STDOUT and STDERR"],
    [["--rm", "--restart", "always"], "conflicting options: cannot specify both --restart and --rm"],
    [["--restart", "foo:3:4"], "invalid restart policy format: maximum retry count must be an integer"],
    [["--no-healthcheck", "--health-cmd", "x"], "--no-healthcheck conflicts with --health-* options"],
    [["--security-opt", "foo"], 'Invalid --security-opt: "foo"'],
    [["--security-opt", "seccomp=none.json"], "opening seccomp profile (none.json) failed"],
    [["--network-alias", "x"], "network-scoped aliases are only supported for user-defined networks"],
    [["--network", "a", "--network", "host"], "cannot attach both user-defined and non-user-defined"],
    [["--network", "a", "--network", "a"], 'network "a" is specified multiple times'],
    [["--network", "foo=bar"], "invalid field key foo"],
    [["--pid", "x"], "--pid: invalid PID mode"],
    [["--env-file", "none"], "open none: no such file or directory"],
    [["--env-file", "bad"], "invalid env file (bad): variable 'no name' contains whitespaces"],
    [["--add-host", "x"], 'bad format for add-host: "x"'],
    [["--memory-swappiness", "101"], "invalid value: 101. Valid memory swappiness range is 0-100"],
  ])("is refused in Docker's words for %j", async (argv, message) => {
    await expect(Promise.resolve().then(() => request(...argv))).rejects.toThrow(message);
  });
});
