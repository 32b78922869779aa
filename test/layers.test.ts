import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { faultsOf, findCycles, type Import, layers, readImports, refuse } from "./layers.ts";

const root = join(import.meta.dir, "../src");
const sources = new Map(
  readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts"))
    .map((path) => [path, readFileSync(join(root, path), "utf8")]),
);
// Tests may look at what they like; what runs in production may not.
const production = [...sources].filter(([path]) => !path.endsWith(".test.ts"));
const imports = production.flatMap(([path, source]) => readImports(path, source));
const doors = doorsOf(sources.keys());

describe("the sources", () => {
  test("stand in folders that the layer table knows", () => {
    const known = new Set(layers.map((layer) => layer.folder));
    const strangers = [...sources.keys()].filter(
      (path) => path.includes("/") && !known.has(path.split("/")[0]!),
    );
    expect(strangers).toEqual([]);
  });

  test("import downward only, and enter folders through their door", () => {
    expect(imports.length).toBeGreaterThan(0);
    expect(imports.map((edge) => refuse(edge, doors)).filter((text) => text !== undefined)).toEqual([]);
  });

  test("import files that exist", () => {
    expect(imports.filter(({ to }) => !to.startsWith("../") && !sources.has(to))).toEqual([]);
  });

  test("have no cycle", () => {
    expect(findCycles(imports)).toEqual([]);
  });

  test("keep the rules for names, exports and state", () => {
    expect(production.flatMap(([path, source]) => faultsOf(path, source))).toEqual([]);
  });
});

describe("the layer table", () => {
  test("is the one in docs/ARCHITECTURE.md", () => {
    const text = readFileSync(join(root, "../docs/ARCHITECTURE.md"), "utf8");
    const rows = layers.map(({ folder, level, duty }) => `| \`src/${folder}/\` | ${level} | ${duty} |`);
    expect(text).toContain(rows.join("\n"));
  });
});

describe("the check", () => {
  const edge = (from: string, to: string, typeOnly = false): Import => ({ from, to, typeOnly });
  const verdict = (one: Import): string | undefined => refuse(one, doorsOf(["build/dockerfile/index.ts"]));

  test("refuses an import upward, between modules of one level, and from engine side to client side", () => {
    expect(verdict(edge("content/store.ts", "image/index.ts"))).toContain("may not use image");
    expect(verdict(edge("runtime/task.ts", "network/index.ts"))).toContain("may not use network");
    expect(verdict(edge("container/start.ts", "build/index.ts"))).toContain("may not use build");
    expect(verdict(edge("api/server.ts", "client/index.ts"))).toContain("may not use client");
    expect(verdict(edge("cli/run.ts", "runtime/index.ts"))).toContain("may not use runtime");
    expect(verdict(edge("base/log.ts", "sys/index.ts"))).toContain("may not use sys");
  });

  test("lets nothing in from outside but the package's own version", () => {
    const outside = (specifier: string) =>
      readImports("cli/commands/run.ts", `import { x } from "${specifier}";`);
    expect(outside("../../../package.json").map(verdict)).toEqual([undefined]);
    expect(outside("../../../scripts/machine.ts").map(verdict)).toEqual([
      expect.stringContaining("outside src/"),
    ]);
  });

  test("lets only types pass where an exception says so", () => {
    expect(verdict(edge("container/record.ts", "wire/index.ts", true))).toBeUndefined();
    expect(verdict(edge("container/record.ts", "wire/index.ts"))).toContain("types alone");
    expect(verdict(edge("image/record.ts", "wire/index.ts", true))).toContain("may not use wire");
  });

  test("refuses a way past the door of a folder, inner folders included", () => {
    expect(verdict(edge("image/load.ts", "content/store.ts"))).toContain("content/ is entered");
    expect(verdict(edge("image/load.ts", "content/index.ts"))).toBeUndefined();
    expect(verdict(edge("build/solver/run.ts", "build/dockerfile/lexer.ts"))).toContain(
      "build/dockerfile/ is entered",
    );
    expect(verdict(edge("build/dockerfile/parse.ts", "build/dockerfile/lexer.ts"))).toBeUndefined();
    expect(verdict(edge("build/dockerfile/parse.ts", "build/types.ts"))).toBeUndefined();
  });

  test("reads every form of import", () => {
    const source = [
      'import { a } from "./a.ts";',
      'import {\n  b,\n  type C,\n} from "../b/index.ts";',
      'import type { D } from "./d.ts";',
      'import "./e.ts";',
      'export { f } from "./f.ts";',
      'export type { G } from "./g.ts";',
      'export * from "./h.ts";',
      'const late = () => import("./i.ts");',
      'new Worker(new URL("./j.ts", import.meta.url));',
      'import { join } from "node:path";',
      'export const text = "from ./no.ts";',
    ].join("\n");
    const found = readImports("x/y.ts", source).map(({ to, typeOnly }) => (typeOnly ? `type ${to}` : to));
    expect(found.sort()).toEqual(
      [
        "b/index.ts",
        "type x/d.ts",
        "type x/g.ts",
        "x/a.ts",
        "x/e.ts",
        "x/f.ts",
        "x/h.ts",
        "x/i.ts",
        "x/j.ts",
      ].sort(),
    );
  });

  test("finds a cycle", () => {
    expect(findCycles([edge("a.ts", "b.ts"), edge("b.ts", "c.ts"), edge("c.ts", "b.ts")])).toEqual([
      ["b.ts", "c.ts", "b.ts"],
    ]);
    expect(findCycles([edge("a.ts", "b.ts"), edge("a.ts", "c.ts"), edge("b.ts", "c.ts")])).toEqual([]);
  });

  test("refuses junk drawers, default exports and module-level variables", () => {
    expect(faultsOf("x/utils.ts", "")).toHaveLength(1);
    expect(faultsOf("x/y.ts", "export default 1;")).toHaveLength(1);
    expect(faultsOf("x/y.ts", "let count = 0;")).toHaveLength(1);
    expect(faultsOf("x/y.ts", "export function f() {\n  let count = 0;\n}")).toEqual([]);
  });
});

/** Folders that have an index.ts. */
function doorsOf(paths: Iterable<string>): Set<string> {
  const found = new Set<string>();
  for (const path of paths) {
    if (path.endsWith("/index.ts")) found.add(path.slice(0, -"/index.ts".length));
  }
  return found;
}
