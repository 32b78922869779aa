import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, realpath, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mountSource } from "./mount-source.ts";

describe("what a mount shows", () => {
  let volume: string;
  beforeEach(async () => {
    volume = await realpath(await mkdtemp(join(tmpdir(), "mount-source-")));
    await mkdir(join(volume, "plain/inner"), { recursive: true });
  });
  afterEach(() => rm(volume, { recursive: true }));

  test("is the volume, or a subpath of it, links inside of it followed", async () => {
    await symlink("plain", join(volume, "inside"));
    expect(mountSource({ source: volume })).toBe(volume);
    expect(mountSource({ source: volume, subpath: "inside/inner" })).toBe(join(volume, "plain/inner"));
  });

  test.each(["/", "../..", "/proc/self/root"])(
    "never lies outside, whatever a link says: %s",
    async (target) => {
      await symlink(target, join(volume, "hostile"));
      expect(() => mountSource({ source: volume, subpath: "hostile" })).toThrow("leads out of the volume");
      expect(() => mountSource({ source: volume, subpath: "hostile/etc" })).toThrow(
        "leads out of the volume",
      );
    },
  );

  test("must exist", () => {
    expect(() => mountSource({ source: volume, subpath: "nowhere" })).toThrow("no such file or directory");
  });
});
