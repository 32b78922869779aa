import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLayerTools } from "../layer/index.ts";
import { removeTree } from "./remove-tree.ts";

const helper = join(import.meta.dir, "../../build/gantry-layer");

test("small trees go at once, deep and wide ones by the one who removes large trees, and all of them go", async () => {
  const top = await mkdtemp(join(tmpdir(), "gantry-remove-"));
  try {
    const asked: string[] = [];
    const removeLarge = async (path: string): Promise<void> => {
      asked.push(path);
      await createLayerTools({ helper }).remove(path);
      expect(existsSync(path)).toBe(false);
    };
    const trees = {
      small: ["a/b"],
      deep: ["d/".repeat(600)],
      wide: Array.from({ length: 80 }, (_, at) => `w${at}`),
    };
    for (const [name, directories] of Object.entries(trees)) {
      for (const one of directories) await mkdir(join(top, name, one), { recursive: true });
      await writeFile(join(top, name, "file"), "x");
      await removeTree(join(top, name), removeLarge);
      expect(existsSync(join(top, name))).toBe(false);
    }
    expect(asked).toEqual([join(top, "deep"), join(top, "wide")]);
    // Who cannot remove it is no reason to keep it.
    await mkdir(join(top, "other", "d/".repeat(30)), { recursive: true });
    await removeTree(join(top, "other"), () => Promise.reject(new Error("no")));
    expect(existsSync(join(top, "other"))).toBe(false);
  } finally {
    await rm(top, { recursive: true, force: true });
  }
});
