import { expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Mount } from "../oci/index.ts";
import { rootfsFor } from "./throwaway-layer.ts";

test("a layer that goes with its run is not written out, and can be mounted again", async () => {
  const work = mkdtempSync(join(tmpdir(), "gantry-layer-"));
  try {
    mkdirSync(join(work, "work", "incompat", "volatile"), { recursive: true });
    const overlay: Mount = {
      type: "overlay",
      source: "overlay",
      options: ["lowerdir=/l", `workdir=${work}`],
    };
    const bind: Mount = { type: "bind", source: "/x", options: ["bind"] };
    const kept = { hostConfig: {} };
    expect(await rootfsFor(kept, [overlay, bind])).toEqual([overlay, bind]);
    expect(existsSync(join(work, "work", "incompat"))).toBe(true);
    for (const record of [
      { hostConfig: { AutoRemove: true } },
      { hostConfig: {}, extensions: { ephemeral: true } as const },
    ]) {
      expect(await rootfsFor(record, [overlay, bind])).toEqual([
        { ...overlay, options: [...overlay.options, "volatile"] },
        bind,
      ]);
    }
    expect(existsSync(join(work, "work", "incompat"))).toBe(false);
  } finally {
    rmSync(work, { recursive: true });
  }
});
