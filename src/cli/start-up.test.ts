import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const sources = join(import.meta.dir, "..");
/** Modules of the runtime that cost a command more time than all else it does before it speaks to the engine. */
const slow = /^node:(net|https?|http2|tls|stream|zlib|child_process|dgram|worker_threads)$/;

/** What a file loads before it runs, and what that loads. */
function loadedWith(path: string, seen = new Map<string, string[]>()): Map<string, string[]> {
  if (seen.has(path)) return seen;
  const text = readFileSync(path, "utf8");
  const names = [...text.matchAll(/^(?:import|export) (?!type )(?:[^"']*? from )?"([^"]+)";$/gms)].map(
    (match) => match[1] ?? "",
  );
  seen.set(
    path,
    names.filter((name) => slow.test(name)),
  );
  for (const name of names) if (name.startsWith(".")) loadedWith(join(path, "..", name), seen);
  return seen;
}

test.each(["program.ts", "commands/container/run.ts", "commands/container/exec.ts"])(
  "%s loads nothing of the runtime that a user would wait for",
  (file) => {
    const loaded = loadedWith(join(sources, "cli", file));
    expect([...loaded].filter(([, names]) => names.length > 0)).toEqual([]);
    expect(loaded.size).toBeGreaterThan(3);
  },
);

test("the program is found through links to it and to its folder, also ones with spaces", async () => {
  const directory = mkdtempSync(join(tmpdir(), "gantry links "));
  const program = join(import.meta.dir, "../../bin/gantry");
  try {
    symlinkSync(join(program, ".."), join(directory, "bin"));
    symlinkSync(program, join(directory, "g t"));
    symlinkSync("g t", join(directory, "again"));
    for (const name of ["bin/gantry", "g t", "again"]) {
      const { exitCode, stdout, stderr } = Bun.spawnSync([join(directory, name), "--version"]);
      expect([exitCode, stdout.toString(), stderr.toString()]).toEqual([
        0,
        expect.stringMatching(/^Gantry version /),
        "",
      ]);
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
});
