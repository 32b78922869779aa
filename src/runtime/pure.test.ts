import { describe, expect, test } from "bun:test";
import { renderSpec } from "./bundle.ts";
import { cgroupMode, parseCgroupMounts } from "./cgroup-mounts.ts";
import { parseLimits, readHostAbilities } from "./host.ts";
import { renderShimConfig, type ShimConfig } from "./shim-config.ts";
import { parseReply, ShimRefusal } from "./shim-socket.ts";

describe("cgroup hierarchies", () => {
  const v1 = "35 31 0:32 / /sys/fs/cgroup/cpu\\040x rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct\n";
  const v2 = "41 31 0:38 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n";

  test("are read from mountinfo", () => {
    expect(parseCgroupMounts(`${v1}20 1 8:1 / / rw - ext4 /dev/sda rw\n`)).toEqual([
      { version: 1, path: "/sys/fs/cgroup/cpu x", controllers: ["cpu", "cpuacct"] },
    ]);
  });

  test("tell the mode", () => {
    expect(cgroupMode(parseCgroupMounts(v2))).toBe("v2");
    expect(cgroupMode(parseCgroupMounts(v1))).toBe("v1");
    expect(cgroupMode(parseCgroupMounts(v1 + v2))).toBe("hybrid");
  });
});

describe("the host", () => {
  test("hard limits are read by name, unlimited as -1", () => {
    const text = [
      "Limit                     Soft Limit           Hard Limit           Units     ",
      "Max open files            1024                 524288               files     ",
      "Max locked memory         8388608              unlimited            bytes     ",
    ].join("\n");
    expect([...parseLimits(text)]).toEqual([
      ["nofile", 524288],
      ["memlock", -1],
    ]);
  });

  test("devices are looked up with their numbers", async () => {
    const { lookupDevices, boundingCapabilities } = await readHostAbilities();
    expect(lookupDevices?.("/dev/null")).toMatchObject([{ type: "c", major: 1, minor: 3, mode: 0o666 }]);
    expect(lookupDevices?.("/dev/absent")).toEqual([]);
    expect(boundingCapabilities.has("CAP_CHOWN")).toBe(true);
  });
});

describe("the shim's configuration", () => {
  const config: ShimConfig = {
    id: "abc",
    runtime: "/usr/bin/crun",
    runtimeRoot: "/run/x/crun",
    runtimeDeletes: false,
    tty: true,
    openStdin: true,
    stdinOnce: false,
    log: {
      driver: "local",
      directory: "/log",
      maxBytes: 10,
      maxFiles: 3,
      compress: true,
      attributes: { a: "two\nlines" },
      journal: { socket: "/j", fields: { NAME: "100% x", TEXT: "1\n2" }, maxBuffer: 7 },
    },
    rootfsPath: "/b/rootfs",
    rootfs: [{ type: "overlay", source: "overlay", options: ["lowerdir=/a:/b", "ro"] }],
    extraMounts: [
      { target: "/b/mounts/i", part: "usr", mount: { type: "bind", source: "/i", options: ["rbind"] } },
    ],
    sharedMounts: false,
    detachMounts: ["/sys/fs/cgroup/unified"],
    cgroups: ["/sys/fs/cgroup/cpu/x"],
    oomFile: undefined,
    seccompCache: undefined,
  };

  test("is one line a fact", () => {
    expect(renderShimConfig(config)).toBe(
      `id=abc
runtime=/usr/bin/crun
runtime-root=/run/x/crun
runtime-deletes=0
tty=1
stdin=1
stdin-once=0
log-driver=local
log-dir=/log
log-max-bytes=10
log-max-files=3
log-compress=1
log-attributes={"a":"two\\nlines"}
log-journal=/j
log-journal-fields=NAME=100%25%20x%0ATEXT%0A%03%00%00%00%00%00%00%001%0A2%0A
log-journal-buffer=7
rootfs=/b/rootfs
shared-mounts=0
mount-type=overlay
mount-source=overlay
mount-option=lowerdir=/a:/b
mount-option=ro
mount-type=bind
mount-source=/i
mount-option=rbind
mount-target=/b/mounts/i
mount-part=usr
detach-mount=/sys/fs/cgroup/unified
cgroup=/sys/fs/cgroup/cpu/x
`,
    );
  });

  test("refuses what would be more than one line", () => {
    expect(() => renderShimConfig({ ...config, rootfsPath: "/a\nruntime=/bin/evil" })).toThrow("line break");
  });
});

test("unlimited is written as the largest 64-bit number", () => {
  expect(renderSpec({ hard: 2 ** 64, soft: 1 })).toBe('{"hard":18446744073709551615,"soft":1}');
});

describe("a reply of the shim", () => {
  test("carries values or the words of a refusal", () => {
    expect([...parseReply("3 ok pid=7 generation=1")]).toEqual([
      ["pid", "7"],
      ["generation", "1"],
    ]);
    expect(() => parseReply("3 error caf%C3%A9%20%25")).toThrow(new ShimRefusal("café %"));
  });
});
