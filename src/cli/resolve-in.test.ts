import { expect, test } from "bun:test";
import { resolve } from "node:path";
import { resolveIn } from "./resolve-in.ts";

test("names the path that the library names for a relative one", () => {
  for (const path of ["a", "./a", "../a", "../../../a", ".", "..", "", "a/./b//c/../d/", "a/..", "..."]) {
    for (const directory of ["/", "/x", "/x/y"])
      expect(resolveIn(directory, path)).toBe(resolve(directory, path));
  }
});

test("leaves an absolute path alone: behind a link, .. leads elsewhere than its text says", () => {
  for (const path of ["/", "/..", "/link/../file", "/a/./b//c/"]) expect(resolveIn("/x", path)).toBe(path);
});
