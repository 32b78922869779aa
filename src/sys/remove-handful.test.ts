import { expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { removeHandful } from "./remove-handful.ts";

test("a handful of files and directories goes at once, more is left as it is, links are not followed", () => {
  const top = mkdtempSync(join(tmpdir(), "gantry-handful-"));
  const at = (...parts: string[]): string => join(top, ...parts);
  try {
    mkdirSync(at("few", "work", "work", "incompat"), { recursive: true });
    mkdirSync(at("kept"));
    writeFileSync(at("kept", "file"), "x");
    symlinkSync(at("kept"), at("few", "link"));
    writeFileSync(at("few", "work", "file"), "x");
    expect(removeHandful(at("few"))).toBe(true);
    expect(readdirSync(top)).toEqual(["kept"]);
    expect(readdirSync(at("kept"))).toEqual(["file"]);
    expect(removeHandful(at("few"))).toBe(true);

    mkdirSync(at("many"));
    for (let number = 0; number < 80; number += 1) writeFileSync(at("many", String(number)), "");
    expect(removeHandful(at("many"))).toBe(false);
    expect(readdirSync(at("many")).length).toBe(80);

    writeFileSync(at("kept", "large"), Buffer.alloc(100_000));
    expect(removeHandful(at("kept"))).toBe(false);
    expect(existsSync(at("kept", "file"))).toBe(true);
  } finally {
    rmSync(top, { recursive: true, force: true });
  }
});
