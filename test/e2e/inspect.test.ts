import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { call, createByApi, someSubnet } from "./api-client.ts";
import { startEngine, type TestEngine } from "./harness.ts";

let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

const inspect = async (name: string, version = "1.51") =>
  (await call(engine, "GET", `/v${version}/containers/${name}/json`)).body;

/** What Docker shows of a container of which nothing was asked. */
const plainHostConfig = {
  Binds: null,
  ContainerIDFile: "",
  LogConfig: { Type: "local", Config: {} },
  NetworkMode: "bridge",
  PortBindings: {},
  RestartPolicy: { Name: "no", MaximumRetryCount: 0 },
  AutoRemove: false,
  VolumeDriver: "",
  VolumesFrom: null,
  ConsoleSize: [0, 0],
  CapAdd: null,
  CapDrop: null,
  Dns: [],
  DnsOptions: [],
  DnsSearch: [],
  ExtraHosts: null,
  GroupAdd: null,
  IpcMode: "private",
  Cgroup: "",
  Links: null,
  OomScoreAdj: 0,
  PidMode: "",
  Privileged: false,
  PublishAllPorts: false,
  ReadonlyRootfs: false,
  SecurityOpt: null,
  UTSMode: "",
  UsernsMode: "",
  ShmSize: 67108864,
  Isolation: "",
  CpuShares: 0,
  Memory: 0,
  NanoCpus: 0,
  CgroupParent: "",
  BlkioWeight: 0,
  BlkioWeightDevice: [],
  BlkioDeviceReadBps: [],
  BlkioDeviceWriteBps: [],
  BlkioDeviceReadIOps: [],
  BlkioDeviceWriteIOps: [],
  CpuPeriod: 0,
  CpuQuota: 0,
  CpuRealtimePeriod: 0,
  CpuRealtimeRuntime: 0,
  CpusetCpus: "",
  CpusetMems: "",
  Devices: [],
  DeviceCgroupRules: null,
  DeviceRequests: null,
  MemoryReservation: 0,
  MemorySwap: 0,
  MemorySwappiness: null,
  PidsLimit: null,
  Ulimits: [],
  CpuCount: 0,
  CpuPercent: 0,
  IOMaximumIOps: 0,
  IOMaximumBandwidth: 0,
};

describe("inspect", () => {
  test("shows every field that Docker shows, with Docker's zero values", async () => {
    await createByApi(engine, "plain", { Image: "busybox", Cmd: ["true"] });
    const shape = await inspect("plain");
    const { CgroupnsMode, OomKillDisable, Runtime, MaskedPaths, ReadonlyPaths, ...rest } = shape.HostConfig;
    expect(rest).toEqual(plainHostConfig);
    expect(["host", "private"]).toContain(CgroupnsMode);
    expect([false, null]).toContain(OomKillDisable);
    expect(["crun", "runc"]).toContain(Runtime);
    expect(MaskedPaths).toContain("/proc/kcore");
    expect(ReadonlyPaths).toEqual(["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]);
    expect(Object.keys(shape.State).sort()).toEqual(
      [
        ...["Status", "Running", "Paused", "Restarting", "OOMKilled", "Dead", "Pid", "ExitCode", "Error"],
        ...["StartedAt", "FinishedAt"],
      ].sort(),
    );
    expect(shape.State.StartedAt).toBe("0001-01-01T00:00:00Z");
    expect(Object.keys(shape).sort()).toEqual(
      [
        ...["Id", "Created", "Path", "Args", "State", "Image", "ResolvConfPath", "HostnamePath", "HostsPath"],
        ...["LogPath", "Name", "RestartCount", "Driver", "Platform", "MountLabel", "ProcessLabel"],
        ...["AppArmorProfile", "ExecIDs", "HostConfig", "GraphDriver", "Mounts", "Config", "NetworkSettings"],
      ].sort(),
    );
    expect(shape.Config).toMatchObject({ Labels: {}, OnBuild: null, Volumes: null, Entrypoint: null });
    expect(Object.keys(shape.NetworkSettings).sort()).toEqual(
      [
        ...["Bridge", "SandboxID", "SandboxKey", "Ports", "HairpinMode", "LinkLocalIPv6Address"],
        ...["LinkLocalIPv6PrefixLen", "SecondaryIPAddresses", "SecondaryIPv6Addresses", "EndpointID"],
        ...["Gateway", "GlobalIPv6Address", "GlobalIPv6PrefixLen", "IPAddress", "IPPrefixLen", "IPv6Gateway"],
        ...["MacAddress", "Networks"],
      ].sort(),
    );
    expect(Object.keys(shape.NetworkSettings.Networks.bridge).sort()).toEqual(
      [
        ...["IPAMConfig", "Links", "Aliases", "MacAddress", "DriverOpts", "GwPriority", "NetworkID"],
        ...["EndpointID", "Gateway", "IPAddress", "IPPrefixLen", "IPv6Gateway", "GlobalIPv6Address"],
        ...["GlobalIPv6PrefixLen", "DNSNames"],
      ].sort(),
    );
    await engine.ok(["rm", "plain"]);
  });

  test("gives what create takes: a copy of a container looks like the first", async () => {
    const subnet = someSubnet();
    await engine.ok(["network", "create", "--subnet", `${subnet}.0/24`, "roundtrip"]);
    await engine.ok([
      ...[
        "create",
        "--name",
        "first",
        "-h",
        "host1",
        "--domainname",
        "example.test",
        "-u",
        "1:2",
        "-w",
        "/w",
      ],
      ...["-e", "A=1", "-l", "k=v", "--stop-signal", "USR1", "--stop-timeout", "3", "-t", "-i"],
      ...["--health-cmd", "true", "--health-interval", "30s", "--health-start-interval", "2s"],
      ...["-p", "127.0.0.1::80", "-p", "53:53/udp", "--expose", "90", "--network", "roundtrip"],
      ...["--ip", `${subnet}.6`, "--network-alias", "alias1", "--mac-address", "02:42:0a:7b:2d:06"],
      ...["-v", "named:/data:ro", "-v", "/tmp:/host:rprivate", "-v", "/anonymous", "--tmpfs", "/t:size=1m"],
      ...["--mount", "type=volume,source=vol2,target=/vol2,volume-label=a=b,volume-nocopy"],
      ...["--mount", "type=tmpfs,target=/t2,tmpfs-size=1m,tmpfs-mode=0700"],
      ...["--mount", "type=bind,source=/etc,target=/e,readonly,bind-recursive=writable"],
      ...["--memory", "64m", "--memory-reservation", "32m", "--cpus", "0.5", "--pids-limit", "50"],
      ...["--ulimit", "nofile=100:200", "--cap-add", "NET_ADMIN", "--cap-drop", "MKNOD", "--init"],
      ...["--security-opt", "no-new-privileges", "--security-opt", "seccomp=unconfined"],
      ...["--sysctl", "net.ipv4.ip_forward=1", "--device", "/dev/null:/dev/nothing:r", "--group-add", "5"],
      ...["--device-cgroup-rule", "c 1:3 r", "--add-host", "h:10.0.0.1", "--dns", "10.0.0.2"],
      ...["--dns-search", "s.test", "--dns-option", "ndots:2", "--restart", "on-failure:3", "--read-only"],
      ...["--shm-size", "1m", "--oom-score-adj", "500", "--annotation", "x=y", "--log-opt", "max-size=1m"],
      ...["--ipc", "shareable", "--cgroupns", "host", "--entrypoint", "sleep", "busybox", "1000"],
    ]);
    const first = await inspect("first");
    const { Config, HostConfig, NetworkSettings } = first;
    const request = {
      ...Config,
      HostConfig,
      NetworkingConfig: { EndpointsConfig: NetworkSettings.Networks },
    };
    await engine.ok(["rm", "-v", "first"]);
    const { Warnings } = await createByApi(engine, "second", request);
    expect(Warnings).toEqual([]);
    const second = await inspect("second");
    expect(second.Config).toEqual(Config);
    expect(second.HostConfig).toEqual(HostConfig);
    expect(second.NetworkSettings.Networks).toEqual(NetworkSettings.Networks);
    const known = ({ Name, Source, ...mount }: Record<string, string>) =>
      /^[0-9a-f]{64}$/.test(Name ?? "") ? mount : { ...mount, Name, Source };
    expect(second.Mounts.map(known)).toEqual(first.Mounts.map(known));
    // And it runs.
    await engine.ok(["start", "second"]);
    const live = await inspect("second");
    expect(live.NetworkSettings.Networks.roundtrip).toMatchObject({
      IPAddress: `${subnet}.6`,
      MacAddress: "02:42:0a:7b:2d:06",
      Aliases: ["alias1"],
    });
    await engine.ok(["rm", "-f", "-v", "second"]);
    await engine.ok(["volume", "rm", "named", "vol2"]);
    await engine.ok(["network", "rm", "roundtrip"]);
  }, 120_000);

  test("records modes and defaults as Docker does", async () => {
    await createByApi(engine, "modes", {
      Image: "busybox",
      ExposedPorts: null,
      HostConfig: {
        NetworkMode: "default",
        Privileged: true,
        PortBindings: { "80/tcp": [], "81": null },
        Memory: 64 * 1024 ** 2,
        PidsLimit: -1,
        MemorySwappiness: -1,
      },
    });
    const { HostConfig } = await inspect("modes");
    expect(HostConfig).toMatchObject({
      NetworkMode: "bridge",
      SecurityOpt: ["label=disable"],
      MaskedPaths: null,
      ReadonlyPaths: null,
      PortBindings: { "80/tcp": [{ HostIp: "", HostPort: "" }], "81/tcp": [{ HostIp: "", HostPort: "" }] },
      MemorySwap: 128 * 1024 ** 2,
      PidsLimit: null,
      MemorySwappiness: null,
    });
    await engine.ok(["rm", "modes"]);
  });
});

describe("older versions of the API", () => {
  test("put the address of hardware beside the image, newer ones are told to move it", async () => {
    const mac = "02:42:ac:11:00:63";
    const body = { Image: "busybox", MacAddress: mac };
    expect(await createByApi(engine, "old-mac", body, "1.43")).toMatchObject({ Warnings: [] });
    expect((await inspect("old-mac", "1.43")).Config.MacAddress).toBe(mac);
    const now = await inspect("old-mac");
    expect(now.Config).not.toHaveProperty("MacAddress");
    expect(now.NetworkSettings.Networks.bridge.MacAddress).toBe(mac);
    const { Warnings } = await createByApi(engine, "new-mac", body);
    expect(Warnings[0]).toStartWith("The container-wide MacAddress field is now deprecated.");
    const clash = await call(engine, "POST", "/v1.51/containers/create", {
      json: {
        ...body,
        NetworkingConfig: { EndpointsConfig: { bridge: { MacAddress: "02:42:ac:11:00:64" } } },
      },
    });
    expect(clash.status).toBe(400);
    expect(clash.body.message).toBe(
      "the container-wide MAC address must match the endpoint-specific MAC address, or be left empty",
    );
    await engine.ok(["rm", "old-mac", "new-mac"]);
  });

  test("lack what came later, and have the defaults of their day", async () => {
    const body = {
      Image: "busybox",
      Healthcheck: { Test: ["CMD", "true"], StartInterval: 5e9 },
      HostConfig: {
        Annotations: { a: "b" },
        Mounts: [{ Type: "bind", Source: "/etc", Target: "/e", ReadOnly: true }],
      },
    };
    await createByApi(engine, "of-1-39", body, "1.39");
    const old = await inspect("of-1-39");
    expect(old.HostConfig).toMatchObject({ IpcMode: "shareable", CgroupnsMode: "host" });
    expect(old.HostConfig).not.toHaveProperty("Annotations");
    expect(old.HostConfig.Mounts[0].BindOptions).toEqual({ ReadOnlyNonRecursive: true });
    expect(old.Config.Healthcheck).not.toHaveProperty("StartInterval");
    await createByApi(engine, "of-1-51", body, "1.51");
    const today = await inspect("of-1-51");
    expect(today.HostConfig).toMatchObject({ IpcMode: "private", Annotations: { a: "b" } });
    expect(today.HostConfig.Mounts[0]).not.toHaveProperty("BindOptions");
    expect(today.Config.Healthcheck.StartInterval).toBe(5e9);
    const two = { EndpointsConfig: { bridge: {}, other: {} } };
    const refused = await call(engine, "POST", "/v1.43/containers/create", {
      json: { Image: "busybox", NetworkingConfig: two },
    });
    expect([refused.status, refused.body]).toEqual([
      400,
      { message: "Container cannot be connected to network endpoints: bridge, other" },
    ]);
    await engine.ok(["rm", "of-1-39", "of-1-51"]);
  });

  test("show the short ID among the aliases on a network of a user", async () => {
    await engine.ok(["network", "create", "aliases"]);
    const id = await engine.ok(["create", "--name", "aliased", "--network", "aliases", "busybox"]);
    const networks = async (version: string) =>
      (await inspect("aliased", version)).NetworkSettings.Networks.aliases.Aliases;
    expect(await networks("1.44")).toEqual([id.slice(0, 12)]);
    expect(await networks("1.45")).toBeNull();
    await engine.ok(["rm", "aliased"]);
    await engine.ok(["network", "rm", "aliases"]);
  });
});
