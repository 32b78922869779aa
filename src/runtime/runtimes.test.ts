import { describe, expect, test } from "bun:test";
import { findRuntimes } from "./runtimes.ts";

const names = async (...options: Parameters<typeof findRuntimes>) =>
  (await findRuntimes(...options)).map(({ name }) => name);

describe("the default runtime", () => {
  test("is crun, unless it could not set up its device rules", async () => {
    expect(await names({ cgroup: "hybrid", canRaiseLimits: false })).toEqual(["crun", "runc"]);
    expect(await names({ cgroup: "v2", canRaiseLimits: true })).toEqual(["crun", "runc"]);
    expect(await names({ cgroup: "v2", canRaiseLimits: false })).toEqual(["runc", "crun"]);
  });

  test("may be joined by others, which must exist", async () => {
    const host = { cgroup: "v2", canRaiseLimits: true } as const;
    expect(await names(host, { mine: "/bin/true" })).toEqual(["crun", "runc", "mine"]);
    expect(names(host, { mine: "/does/not/exist" })).rejects.toThrow(
      "Cannot use runtime mine: /does/not/exist does not exist",
    );
  });
});
