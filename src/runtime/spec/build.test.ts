import { describe, expect, test } from "bun:test";
import type { RuntimeSpec } from "../../oci/index.ts";
import type { SpecInput } from "../spec-input.ts";
import { buildExecProcess, buildSpec } from "./build.ts";
import { allCapabilities } from "./capabilities.ts";

const host: SpecInput["host"] = {
  boundingCapabilities: new Set(allCapabilities),
  hardLimits: new Map([["nofile", 4096]]),
  canRaiseLimits: false,
  cgroup: "v2",
  seccomp: true,
  architecture: "amd64",
  lookupDevices: (path) =>
    path === "/dev/fuse" || path === "/dev"
      ? [{ path: "/dev/fuse", type: "c", major: 10, minor: 229, mode: 0o666, uid: 0, gid: 0 }]
      : [],
};

const input: SpecInput = {
  args: ["sh"],
  env: ["PATH=/bin"],
  cwd: "/work",
  user: { uid: 1000, gid: 100, additionalGids: [100, 27] },
  tty: false,
  hostname: "web",
  rootPath: "/run/rootfs",
  readonlyRoot: false,
  mounts: [],
  network: { kind: "path", path: "/run/netns/x" },
  pid: { kind: "private" },
  ipc: { kind: "private" },
  uts: { kind: "private" },
  cgroupNamespace: "private",
  privileged: false,
  capAdd: [],
  capDrop: [],
  seccomp: "default",
  noNewPrivileges: false,
  resources: {},
  rlimits: [],
  sysctls: {},
  devices: [],
  deviceCgroupRules: [],
  cgroupsPath: "/gantry/x",
  host,
};

/** One line a fact, so that a difference reads as one. */
function show(spec: RuntimeSpec): string {
  const { process, linux, mounts } = spec;
  const { cpu: _cpu, devices = [], ...limits } = linux.resources ?? {};
  const lines = [
    `${process.user.uid}:${process.user.gid}+${process.user.additionalGids} in ${process.cwd}: ${process.args.join(" ")}`,
    `root ${spec.root.path}${spec.root.readonly ? " ro" : ""}, host ${spec.hostname ?? "-"}, oom ${process.oomScoreAdj ?? "-"}`,
    `caps ${process.capabilities?.bounding.map((name) => name.slice(4)).join(" ")}`,
    ...(process.rlimits ?? []).map(({ type, soft, hard }) => `limit ${type} ${soft}:${hard}`),
    `namespaces ${linux.namespaces.map(({ type, path }) => (path ? `${type}=${path}` : type)).join(" ")}`,
    ...mounts.map(
      ({ destination, type, source, options }) => `mount ${destination} ${type} ${source} ${options}`,
    ),
    ...(linux.devices ?? []).map(
      ({ path, type, major, minor }) => `device ${path} ${type} ${major}:${minor}`,
    ),
    ...devices.map(
      ({ allow, type = "a", major = "*", minor = "*", access }) =>
        `${allow ? "allow" : "deny"} ${type} ${major}:${minor} ${access}`,
    ),
    `limits ${JSON.stringify(limits)}`,
    ...Object.entries(linux.sysctl ?? {}).map(([key, value]) => `sysctl ${key} = ${value}`),
    `masked ${linux.maskedPaths?.length}, read-only ${linux.readonlyPaths?.length}, seccomp ${linux.seccomp ? "yes" : "no"}`,
  ];
  return lines.join("\n");
}

const build = (change: Partial<SpecInput> = {}) => buildSpec({ ...input, ...change });

describe("a specification", () => {
  test("has Docker's defaults", () => {
    expect(show(build().spec)).toBe(
      `
1000:100+100,27 in /work: sh
root /run/rootfs, host web, oom 0
caps CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE
namespaces mount network=/run/netns/x uts pid ipc cgroup
mount /proc proc proc nosuid,noexec,nodev
mount /dev tmpfs tmpfs nosuid,strictatime,mode=755,size=65536k
mount /dev/pts devpts devpts nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5
mount /sys sysfs sysfs nosuid,noexec,nodev,ro
mount /sys/fs/cgroup cgroup cgroup ro,nosuid,noexec,nodev
mount /dev/mqueue mqueue mqueue nosuid,noexec,nodev
mount /dev/shm tmpfs shm nosuid,noexec,nodev,mode=1777,size=67108864
deny a *:* rwm
allow c 1:5 rwm
allow c 1:3 rwm
allow c 1:9 rwm
allow c 1:8 rwm
allow c 1:7 rwm
allow c 5:0 rwm
allow c 5:1 rwm
deny c 10:229 rwm
limits {}
sysctl net.ipv4.ip_unprivileged_port_start = 0
sysctl net.ipv4.ping_group_range = 0 2147483647
masked 12, read-only 5, seccomp yes
`.trim(),
    );
  });

  test("of a privileged container masks and filters nothing", () => {
    const text = show(build({ privileged: true }).spec);
    expect(text).toContain("masked 0, read-only 0, seccomp no");
    expect(text).toContain("allow a *:* rwm");
    expect(text).toContain("device /dev/fuse c 10:229");
    expect(text).toContain("mount /sys sysfs sysfs nosuid,noexec,nodev,rw");
    expect(text).toContain("CHECKPOINT_RESTORE");
  });

  test("shares what the host shares: no namespace, no hostname, no network settings", () => {
    const shared = { kind: "host" } as const;
    const { spec } = build({
      network: shared,
      uts: shared,
      pid: shared,
      ipc: shared,
      cgroupNamespace: "host",
    });
    const text = show(spec);
    expect(text).toContain("namespaces mount\n");
    expect(text).toContain("host -,");
    expect(text).not.toContain("sysctl");
    expect(text).toContain("mount /dev/shm bind /dev/shm rbind,rprivate");
  });

  test("mounts parents before children, and the caller's in place of the defaults", () => {
    const bind = (destination: string) => ({ destination, type: "bind", source: "/src", options: ["rbind"] });
    const { spec } = build({ mounts: [bind("/a/b/c"), bind("/dev/shm/"), bind("/a"), bind("/a/b")] });
    const own = spec.mounts.filter(({ source }) => source === "/src").map(({ destination }) => destination);
    expect(own).toEqual(["/a", "/a/b", "/dev/shm", "/a/b/c"]);
    expect(spec.mounts.filter(({ destination }) => destination === "/dev/shm").length).toBe(1);
    const whole = build({ mounts: [bind("/dev")] }).spec.mounts.map(({ destination }) => destination);
    expect(whole.filter((path) => path.startsWith("/dev"))).toEqual(["/dev"]);
  });

  test("under a read-only root leaves writable what a process needs", () => {
    const { spec } = build({ readonlyRoot: true, privileged: true });
    const readonly = spec.mounts
      .filter(({ options }) => options?.includes("ro"))
      .map(({ destination }) => destination);
    expect(readonly).toEqual(["/sys", "/sys/fs/cgroup"]);
    expect(spec.root.readonly).toBe(true);
  });

  test("runs the command below an init where one is asked for", () => {
    const { spec } = build({ initPath: "/opt/init" });
    expect(spec.process.args).toEqual(["/sbin/docker-init", "--", "sh"]);
    expect(spec.mounts.at(-1)).toMatchObject({ destination: "/sbin/docker-init", source: "/opt/init" });
  });
});

describe("what a host cannot grant is clamped with a warning", () => {
  test("capabilities outside the bounding set", () => {
    const bounding = new Set(
      allCapabilities.filter((name) => name !== "CAP_NET_RAW" && name !== "CAP_SYS_TIME"),
    );
    const { spec, warnings } = build({
      capAdd: ["SYS_TIME"],
      host: { ...host, boundingCapabilities: bounding },
    });
    expect(spec.process.capabilities?.bounding).not.toContain("CAP_NET_RAW");
    expect(warnings).toEqual([
      "Capability CAP_SYS_TIME is not available on this host. Capability discarded.",
    ]);
  });

  test("limits above the engine's own", () => {
    const rlimits = [
      { name: "nofile", soft: -1, hard: -1 },
      { name: "core", soft: 0, hard: -1 },
    ];
    const { spec, warnings } = build({ rlimits });
    expect(spec.process.rlimits).toEqual([
      { type: "RLIMIT_NOFILE", hard: 4096, soft: 4096 },
      { type: "RLIMIT_CORE", hard: 2 ** 64, soft: 0 },
    ]);
    expect(warnings).toEqual(["Limit nofile is reduced to 4096: the engine itself may not have more"]);
  });

  test("an out-of-memory score below the engine's own", () => {
    expect(build({ host: { ...host, oomScoreAdj: 100 } }).spec.process.oomScoreAdj).toBeUndefined();
    expect(build({ oomScoreAdj: 500 }).spec.process.oomScoreAdj).toBe(500);
  });

  test("swap without an account of it", () => {
    const resources = { memory: { limit: 1000 } };
    expect(build({ resources }).spec.linux.resources?.memory).toEqual({ limit: 1000, swap: 2000 });
    const { spec, warnings } = build({ resources, host: { ...host, swapAccounting: false } });
    expect(spec.linux.resources?.memory).toEqual({ limit: 1000 });
    expect(warnings.length).toBe(1);
  });
});

describe("capabilities", () => {
  const caps = (capAdd: string[], capDrop: string[]) =>
    build({ capAdd, capDrop }).spec.process.capabilities?.bounding;

  test("are added and dropped by name, in any case, with or without prefix", () => {
    expect(caps(["net_admin"], ["CAP_MKNOD"])).toContain("CAP_NET_ADMIN");
    expect(caps(["net_admin"], ["CAP_MKNOD"])).not.toContain("CAP_MKNOD");
  });

  test("ALL dropped leaves what is added, ALL added leaves out what is dropped", () => {
    expect(caps(["CHOWN"], ["ALL"])).toEqual(["CAP_CHOWN"]);
    expect(caps(["ALL"], ["CHOWN"])?.length).toBe(allCapabilities.length - 1);
  });

  test("that do not exist are refused", () => {
    expect(() => caps(["FLY"], [])).toThrow('invalid CapAdd: unknown capability: "CAP_FLY"');
  });
});

describe("devices", () => {
  test("are made and allowed", () => {
    const devices = [{ pathOnHost: "/dev/fuse", pathInContainer: "/dev/mine", permissions: "rw" }];
    const text = show(build({ devices, deviceCgroupRules: ["c 7:* rwm"] }).spec);
    expect(text).toContain("device /dev/mine c 10:229");
    expect(text).toContain("allow c 10:229 rw\nallow c 7:* rwm");
  });

  test("that are not there, and rules that are none, are refused", () => {
    const devices = [{ pathOnHost: "/dev/no", pathInContainer: "/dev/no", permissions: "rwm" }];
    expect(() => build({ devices })).toThrow('adding custom device "/dev/no": no such file or directory');
    expect(() => build({ deviceCgroupRules: ["x"] })).toThrow("invalid device cgroup rule format: 'x'");
  });
});

describe("an exec", () => {
  const container = build({ tty: true, consoleSize: { height: 1, width: 2 } }).spec;
  const exec = { container, args: ["id"], env: ["A=1"], tty: false, privileged: false };

  test("takes over the container's process but for what it says itself", () => {
    const process = buildExecProcess(exec);
    expect(process).toMatchObject({
      args: ["id"],
      env: ["A=1"],
      cwd: "/work",
      terminal: false,
      user: { uid: 1000 },
    });
    expect(process.capabilities).toEqual(container.process.capabilities);
    expect(process.consoleSize).toBeUndefined();
  });

  test("that is privileged has all that the host grants", () => {
    const process = buildExecProcess({ ...exec, privileged: true, host });
    expect(process.capabilities?.effective).toEqual([...allCapabilities]);
  });
});
