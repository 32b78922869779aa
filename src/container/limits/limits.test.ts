import { describe, expect, test } from "bun:test";
import type { Resources } from "../../wire/index.ts";
import { everyLimit, noLimit } from "../limit-support.fixture.ts";
import { fitLimits } from "./index.ts";
import { parseNumberList } from "./number-list.ts";

const create = { update: false };
const mega = 1024 ** 2;
const fit = (wanted: Resources) => fitLimits(wanted, everyLimit, create);

describe("limits that make no sense are refused in Docker's words", () => {
  const cases: readonly (readonly [Resources, string])[] = [
    [{ Memory: 5 * mega }, "Minimum memory limit allowed is 6MB"],
    [{ Memory: -1 }, "Minimum memory limit allowed is 6MB"],
    [
      { Memory: 8 * mega, MemorySwap: 7 * mega },
      "Minimum memoryswap limit should be larger than memory limit, see usage",
    ],
    [
      { MemorySwap: 8 * mega },
      "You should always set the Memory limit when using Memoryswap limit, see usage",
    ],
    [{ MemorySwappiness: 101 }, "Invalid value: 101, valid memory swappiness range is 0-100"],
    [{ MemoryReservation: mega }, "Minimum memory reservation allowed is 6MB"],
    [
      { Memory: 8 * mega, MemoryReservation: 9 * mega },
      "Minimum memory limit can not be less than memory reservation limit, see usage",
    ],
    [{ NanoCpus: 1e9, CpuPeriod: 1000 }, "Conflicting options: Nano CPUs and CPU Period cannot both be set"],
    [{ NanoCpus: 1e9, CpuQuota: 1000 }, "Conflicting options: Nano CPUs and CPU Quota cannot both be set"],
    [{ NanoCpus: 5e9 }, "range of CPUs is from 0.01 to 4.00, as there are only 4 CPUs available"],
    [{ CpuShares: -1 }, "invalid CPU shares (-1): value must be a positive integer"],
    [
      { CpuPeriod: 999 },
      "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)",
    ],
    [{ CpuQuota: 999 }, "CPU cfs quota can not be less than 1ms (i.e. 1000)"],
    [
      { CpuRealtimePeriod: 10, CpuRealtimeRuntime: 11 },
      "cpu real-time runtime cannot be higher than cpu real-time period",
    ],
    [{ CpusetCpus: "0-x" }, "Invalid value 0-x for cpuset cpus"],
    [{ CpusetCpus: "3,9" }, "Requested CPUs are not available - requested 3,9, available: 0-3"],
    [{ CpusetMems: "1" }, "Requested memory nodes are not available - requested 1, available: 0"],
    [{ BlkioWeight: 5 }, "Range of blkio weight is from 10 to 1000"],
  ];
  for (const [wanted, message] of cases) {
    test(message, () => {
      expect(() => fit(wanted)).toThrow(message);
    });
  }
});

test("what is left out becomes Docker's default", () => {
  expect(fit({ Memory: 8 * mega }).limits).toMatchObject({
    MemorySwap: 16 * mega,
    MemorySwappiness: null,
    OomKillDisable: false,
    PidsLimit: null,
  });
  expect(fit({ MemorySwappiness: -1, PidsLimit: -1, CpuShares: 1 })).toMatchObject({
    limits: { MemorySwappiness: null, PidsLimit: null, CpuShares: 2 },
    warnings: [],
  });
});

test("every limit that the host cannot hold is dropped with a warning", () => {
  const disk = { Path: "/dev/sda", Rate: 1 };
  const { limits, warnings } = fitLimits<Resources>(
    {
      Memory: 8 * mega,
      MemoryReservation: 7 * mega,
      MemorySwappiness: 5,
      OomKillDisable: true,
      PidsLimit: 10,
      CpuShares: 10,
      CpuQuota: 5000,
      CpusetCpus: "0",
      BlkioWeight: 100,
      BlkioWeightDevice: [{ Path: "/dev/sda", Weight: 10 }],
      BlkioDeviceReadBps: [disk],
      BlkioDeviceWriteBps: [disk],
      BlkioDeviceReadIOps: [disk],
      BlkioDeviceWriteIOps: [disk],
    },
    noLimit,
    create,
  );
  const expected: Resources = {
    Memory: 0,
    MemorySwap: -1,
    MemoryReservation: 0,
    MemorySwappiness: null,
    OomKillDisable: null,
    PidsLimit: null,
    NanoCpus: 0,
    CpuShares: 0,
    CpuPeriod: 0,
    CpuQuota: 0,
    CpuRealtimePeriod: 0,
    CpuRealtimeRuntime: 0,
    CpusetCpus: "",
    CpusetMems: "",
    BlkioWeight: 0,
    BlkioWeightDevice: [],
    BlkioDeviceReadBps: [],
    BlkioDeviceWriteBps: [],
    BlkioDeviceReadIOps: [],
    BlkioDeviceWriteIOps: [],
  };
  expect<Resources>(limits).toEqual(expected);
  expect(warnings).toHaveLength(14);
  expect(warnings.every((text) => text.startsWith("Your kernel does not support "))).toBe(true);
  expect(() => fitLimits({ NanoCpus: 1e9 }, noLimit, create)).toThrow("NanoCPUs can not be set");
  expect(() => fitLimits({ CpuRealtimeRuntime: 1 }, noLimit, create)).toThrow(
    "Your kernel does not support cgroup cpu real-time runtime",
  );
});

test("memory without swap accounting is limited alone, and said so unless swap was given away", () => {
  const host = { ...everyLimit, swap: false };
  expect(fitLimits({ Memory: 8 * mega }, host, create)).toMatchObject({
    limits: { Memory: 8 * mega, MemorySwap: -1 },
    warnings: [expect.stringContaining("Memory limited without swap.")],
  });
  expect(fitLimits({ Memory: 8 * mega, MemorySwap: -1 }, host, create).warnings).toEqual([]);
});

test("an update leaves what it does not name, and can take the limit of processes away", () => {
  const { limits } = fitLimits({ Memory: 8 * mega, PidsLimit: -1 }, everyLimit, { update: true });
  expect(limits).toMatchObject({ Memory: 8 * mega, MemorySwap: 0, PidsLimit: -1 });
});

test("a list of numbers is read as the kernel reads it", () => {
  expect([...(parseNumberList("0-2,7") ?? [])]).toEqual([0, 1, 2, 7]);
  for (const text of ["", "a", "3-1", "1,,2", "0-99999999"]) expect(parseNumberList(text)).toBeUndefined();
});
