import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { call } from "./api-client.ts";
import { hasLimit, type LimitFile, readLimit, unified } from "./cgroup.ts";
import { startEngine, type TestEngine } from "./harness.ts";
import { eventually } from "./process.ts";

// These run on hierarchies of v1, on v2 (`npm run test:vm`) and on both: each looks at what the kernel was told.

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

const mega = 1024 ** 2;
const files = {
  memory: { v1: "memory/memory.limit_in_bytes", v2: "memory.max" },
  swap: { v1: "memory/memory.memsw.limit_in_bytes", v2: "memory.swap.max" },
  reservation: { v1: "memory/memory.soft_limit_in_bytes", v2: "memory.low" },
  shares: { v1: "cpu/cpu.shares", v2: "cpu.weight" },
  quota: { v1: "cpu/cpu.cfs_quota_us", v2: "cpu.max" },
  cpus: { v1: "cpuset/cpuset.cpus", v2: "cpuset.cpus" },
  pids: { v1: "pids/pids.max", v2: "pids.max" },
  weight: { v1: "blkio/blkio.bfq.weight", v2: "io.bfq.weight" },
  frozen: { v1: "freezer/freezer.state", v2: "cgroup.freeze" },
} satisfies Record<string, LimitFile>;

const limit = (id: string, name: keyof typeof files, parent?: string): string =>
  readLimit(engine, id, files[name], parent);
/** Runs a sleeper with these flags while `look` looks at it. */
async function withSleeper(
  flags: readonly string[],
  look: (id: string) => Promise<void> | void,
): Promise<void> {
  const id = await engine.ok(["run", "-d", ...flags, "busybox", "sleep", "1000"]);
  try {
    await look(id);
  } finally {
    await engine.ok(["rm", "-f", id]);
  }
}
const create = async (hostConfig: object) =>
  await call(engine, "POST", "/v1.51/containers/create", {
    json: { Image: "busybox", HostConfig: hostConfig },
  });
/** A disk that stays: what other tests make and take away is no ground for limits. */
const block = readdirSync("/sys/block").find(
  (name) => existsSync(`/dev/${name}`) && !/^(ram|loop|zram)/.test(name),
);

describe("memory", () => {
  test("is limited, with as much swap again, and reserved", async () => {
    await withSleeper(["-m", "64m", "--memory-reservation", "32m"], (id) => {
      expect(limit(id, "memory")).toBe(String(64 * mega));
      expect(limit(id, "reservation")).toBe(String(32 * mega));
      expect(limit(id, "swap")).toBe(String((unified ? 64 : 128) * mega));
    });
    await withSleeper(["-m", "64m", "--memory-swap", "80m"], (id) => {
      expect(limit(id, "swap")).toBe(String((unified ? 16 : 80) * mega));
    });
    await withSleeper(["-m", "64m", "--memory-swap", "-1"], (id) => {
      const most = limit(id, "swap");
      expect(unified ? most : Number(most) > 2 ** 60).toBe(unified ? "max" : true);
    });
  });

  test("beyond the limit ends the container, and is told: exit code, inspect, event", async () => {
    await using events = engine.follow([
      "events",
      "--filter",
      "event=oom",
      "--format",
      "{{.Actor.Attributes.name}}",
    ]);
    const { code } = await engine.docker([
      ...["run", "--name", "hungry", "-m", "16m", "--memory-swap", "16m", "busybox"],
      ...["sh", "-c", "x=$(yes | head -c 64m)"],
    ]);
    expect(code).toBe(137);
    expect(await engine.inspect("hungry", "{{.State.OOMKilled}} {{.State.ExitCode}}")).toBe("true 137");
    await events.until("hungry\n");
    await engine.ok(["rm", "hungry"]);
  });

  test("has swappiness and an OOM killer to switch off on v1 alone; v2 says so", async () => {
    const { stderr, stdout } = await engine.docker([
      ...[
        "create",
        "-m",
        "64m",
        "--memory-swappiness",
        "10",
        "--oom-kill-disable",
        "busybox",
        "sleep",
        "1000",
      ],
    ]);
    const id = stdout.trim();
    if (unified) {
      expect(stderr).toContain(
        "WARNING: Your kernel does not support memory swappiness capabilities or the cgroup is not mounted. Memory swappiness discarded.",
      );
      expect(stderr).toContain(
        "WARNING: Your kernel does not support OomKillDisable. OomKillDisable discarded.",
      );
      expect(
        await engine.inspect(id, "{{.HostConfig.MemorySwappiness}} {{.HostConfig.OomKillDisable}}"),
      ).toBe("<nil> <nil>");
    } else {
      expect(stderr).toBe("");
    }
    await engine.ok(["start", id]);
    if (!unified) {
      expect(readLimit(engine, id, { v1: "memory/memory.swappiness", v2: "" })).toBe("10");
      expect(readLimit(engine, id, { v1: "memory/memory.oom_control", v2: "" })).toContain(
        "oom_kill_disable 1",
      );
    }
    await engine.ok(["rm", "-f", id]);
  });
});

describe("processors", () => {
  test("are shared by weight, cut by quota, and chosen", async () => {
    await withSleeper(["-c", "512", "--cpus", "0.5", "--cpuset-cpus", "0", "--cpuset-mems", "0"], (id) => {
      // The runtimes map shares to weights in two ways.
      if (unified) expect(["20", "59"]).toContain(limit(id, "shares"));
      else expect(limit(id, "shares")).toBe("512");
      expect(limit(id, "quota")).toBe(unified ? "50000 100000" : "50000");
      expect(limit(id, "cpus")).toBe("0");
    });
    await withSleeper(["--cpu-period", "20000", "--cpu-quota", "10000"], (id) => {
      expect(limit(id, "quota")).toBe(unified ? "10000 20000" : "10000");
    });
  });

  test("in real time need a kernel and a parent that give it", async () => {
    const { status, body } = await create({ CpuRealtimePeriod: 1000000, CpuRealtimeRuntime: 950000 });
    if (unified) {
      expect({ status, body }).toEqual({
        status: 400,
        body: { message: "Your kernel does not support cgroup cpu real-time period" },
      });
    } else {
      expect([201, 400]).toContain(status);
      if (status === 201) await engine.ok(["rm", body.Id]);
    }
  });
});

describe("processes and files", () => {
  test("are limited in number, and a forking container stops there", async () => {
    await withSleeper(
      ["--pids-limit", "20", "--ulimit", "nofile=100:200", "--ulimit", "core=0"],
      async (id) => {
        expect(limit(id, "pids")).toBe("20");
        const { stdout, stderr } = await engine.docker([
          ...["exec", id, "sh", "-c", "for i in $(seq 40); do sleep 5 & done 2>&1"],
        ]);
        expect(stdout + stderr).toMatch(/can't fork|Resource temporarily unavailable/);
      },
    );
    expect(
      await engine.ok([
        "run",
        "--rm",
        "--ulimit",
        "nofile=100:200",
        "busybox",
        "grep",
        "open files",
        "/proc/self/limits",
      ]),
    ).toMatch(/Max open files +100 +200/);
    expect(
      await engine.ok([
        "run",
        "--rm",
        "--oom-score-adj",
        "321",
        "busybox",
        "cat",
        "/proc/self/oom_score_adj",
      ]),
    ).toBe("321");
  });

  test("have their cgroup where asked", async () => {
    const parent = `/${engine.prefix}/below`;
    await withSleeper(["--cgroup-parent", parent, "-m", "32m"], (id) => {
      expect(limit(id, "memory", parent)).toBe(String(32 * mega));
    });
  });
});

describe("block devices", () => {
  test("are limited by rate and weight", async () => {
    if (block === undefined) throw new Error("this machine has no block device");
    const path = `/dev/${block}`;
    const flags = [
      "--device-read-bps",
      `${path}:1mb`,
      "--device-write-iops",
      `${path}:100`,
      "--blkio-weight",
      "300",
    ];
    const { stdout, stderr } = await engine.docker(["create", ...flags, "busybox", "sleep", "1000"]);
    const id = stdout.trim();
    await engine.ok(["start", id]);
    const number = readFileSync(`/sys/block/${block}/dev`, "utf8").trim();
    const rates = readLimit(engine, id, { v1: "blkio/blkio.throttle.read_bps_device", v2: "io.max" });
    expect(rates).toContain(
      unified ? `${number} rbps=${mega} wbps=max riops=max wiops=100` : `${number} ${mega}`,
    );
    if (unified && hasLimit(engine, id, files.weight))
      expect(limit(id, "weight")).toMatch(/(^|default )300$/m);
    else expect(stderr).toContain("Your kernel does not support Block I/O weight");
    await engine.ok(["rm", "-f", id]);
    const gone = await engine.docker([
      ...["run", "--rm", "--device-read-bps", "/dev/nonesuch:1mb", "busybox", "true"],
    ]);
    expect(gone.stderr).toContain("/dev/nonesuch: no such block device");
  });

  test("and other devices are open to a container only as far as it was given them", async () => {
    const script = "mknod /dev/ctl c 10 237 2>/dev/null; head -c0 /dev/ctl && echo open";
    const flags = (...more: string[]): string[] => ["run", "--rm", ...more, "busybox", "sh", "-c", script];
    expect((await engine.docker(flags())).stderr).toContain("Operation not permitted");
    expect(await engine.ok(flags("--device-cgroup-rule", "c 10:237 r"))).toBe("open");
    expect(await engine.ok(flags("--device-cgroup-rule", "c 10:* rwm"))).toBe("open");
    expect(await engine.ok(flags("--privileged"))).toBe("open");
    const given = ["run", "--rm", "--device", "/dev/zero:/dev/nought:r", "busybox", "sh", "-c"];
    expect(await engine.ok([...given, "head -c3 /dev/nought | wc -c"])).toBe("3");
    const list = await engine.ok([...given, "ls -l /dev/nought"]);
    expect(list).toMatch(/^c.* 1, +5 /);
    expect(
      await engine.ok([
        "run",
        "--rm",
        "busybox",
        "sh",
        "-c",
        "head -c3 /dev/zero | wc -c; echo x > /dev/null; test -c /dev/tty && echo tty",
      ]),
    ).toBe("3\ntty");
  });
});

describe("update", () => {
  test("changes the limits of a running container at once", async () => {
    await withSleeper(["-m", "64m", "--memory-swap", "128m", "--pids-limit", "30"], async (id) => {
      await engine.ok([
        "update",
        "-m",
        "96m",
        "--memory-swap",
        "200m",
        "--cpus",
        "0.25",
        "-c",
        "256",
        "--pids-limit",
        "40",
        id,
      ]);
      expect(limit(id, "memory")).toBe(String(96 * mega));
      expect(limit(id, "swap")).toBe(String((unified ? 104 : 200) * mega));
      expect(limit(id, "quota")).toBe(unified ? "25000 100000" : "25000");
      expect(limit(id, "pids")).toBe("40");
      await engine.ok([
        "update",
        "-m",
        "48m",
        "--memory-swap",
        "-1",
        "--pids-limit",
        "-1",
        "--cpuset-cpus",
        "0",
        id,
      ]);
      expect(limit(id, "memory")).toBe(String(48 * mega));
      expect(limit(id, "pids")).toBe("max");
      expect(limit(id, "cpus")).toBe("0");
      expect(
        await engine.inspect(id, "{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}} {{.HostConfig.CpuShares}}"),
      ).toBe(`${48 * mega} 250000000 256`);
    });
  });

  test("is refused where it contradicts what stays, and then changes nothing", async () => {
    await withSleeper(["-m", "64m", "--cpus", "0.5"], async (id) => {
      const refused = async (...flags: string[]): Promise<string> =>
        (await engine.docker(["update", ...flags, id])).stderr;
      expect(await refused("-m", "200m")).toContain(
        "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time",
      );
      expect(await refused("-m", "1m")).toContain("Minimum memory limit allowed is 6MB");
      expect(await refused("--cpu-quota", "10000")).toContain(
        "Conflicting options: CPU Quota cannot be updated as NanoCPUs has already been set",
      );
      expect(await refused("--cpuset-cpus", "999")).toContain(
        "Requested CPUs are not available - requested 999, available: ",
      );
      expect(limit(id, "memory")).toBe(String(64 * mega));
    });
  });
});

describe("pause and stats", () => {
  test("stop and wake every process", async () => {
    await withSleeper([], async (id) => {
      await engine.ok(["pause", id]);
      expect(limit(id, "frozen")).toBe(unified ? "1" : "FROZEN");
      expect((await engine.docker(["exec", id, "true"])).stderr).toContain("is paused");
      await engine.ok(["unpause", id]);
      expect(limit(id, "frozen")).toBe(unified ? "0" : "THAWED");
      await engine.ok(["exec", id, "true"]);
    });
  });

  test("count what a container uses", async () => {
    const work = "dd if=/dev/zero of=/dev/shm/x bs=1M count=8 2>/dev/null; while :; do :; done";
    const id = await engine.ok(["run", "-d", "-m", "64m", "--network", "none", "busybox", "sh", "-c", work]);
    const sample = async () =>
      (await call(engine, "GET", `/v1.51/containers/${id}/stats?stream=false&one-shot=true`)).body;
    const busy = await eventually("work to be counted", async () => {
      const now = await sample();
      return now.memory_stats.usage > 8 * mega && now.cpu_stats.cpu_usage.total_usage > 50_000_000
        ? now
        : undefined;
    });
    expect(busy.memory_stats.limit).toBe(64 * mega);
    expect(busy.pids_stats.current).toBe(1);
    const { cpu_stats: cpu } = busy;
    expect(cpu.cpu_usage.usage_in_usermode + cpu.cpu_usage.usage_in_kernelmode).toBeGreaterThan(0);
    expect(cpu.system_cpu_usage).toBeGreaterThan(cpu.cpu_usage.total_usage);
    const line = await engine.ok([
      "stats",
      "--no-stream",
      "--format",
      "{{.CPUPerc}} {{.MemUsage}} {{.PIDs}}",
      id,
    ]);
    expect(line).toMatch(/^[1-9]\d*\.\d+% .*MiB \/ 64MiB 1$/);
    await engine.ok(["rm", "-f", id]);
  });
});

describe("limits that make no sense", () => {
  const cases: readonly (readonly [object, string])[] = [
    [{ Memory: 1 }, "Minimum memory limit allowed is 6MB"],
    [
      { Memory: 32 * mega, MemorySwap: 16 * mega },
      "Minimum memoryswap limit should be larger than memory limit, see usage",
    ],
    [{ NanoCpus: 1e15 }, "range of CPUs is from 0.01 to"],
    [{ CpusetCpus: "x" }, "Invalid value x for cpuset cpus"],
    [{ OomScoreAdj: 2000 }, "Invalid value 2000, range for oom score adj is [-1000, 1000]"],
    [{ ShmSize: -1 }, "SHM size can not be less than 0"],
    [
      { IOMaximumIOps: 1 },
      "Invalid QoS settings: linux does not support Maximum IO Bandwidth or Maximum IO IOps",
    ],
  ];
  test("are refused with 400 and Docker's words", async () => {
    for (const [host, words] of cases) {
      const { status, body } = await create(host);
      expect({ status, message: body.message }).toEqual({
        status: 400,
        message: expect.stringContaining(words),
      });
    }
  });
});
