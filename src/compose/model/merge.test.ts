import { describe, expect, test } from "bun:test";
import { readFixture } from "./fixtures.test-data.ts";
import { merge } from "./merge.ts";
import { readYaml } from "./read.ts";
import { type Dict, toPlain } from "./tree.ts";
import { enforceUnicity } from "./unicity.ts";

interface Case {
  readonly test: string;
  readonly base?: string;
  readonly override?: string;
  readonly unicity?: string;
  readonly want: string;
}

const fixture = await readFixture<{ cases: Case[] }>("compose-merge.golden.json");

describe("merge, by the conformance data", () => {
  for (const given of fixture.cases) {
    test(given.test, () => {
      const got =
        given.unicity === undefined
          ? merge(tree(given.base), tree(given.override))
          : enforceUnicity(tree(given.unicity));
      expect(toPlain(got)).toEqual(toPlain(tree(given.want)));
    });
  }
});

describe("merge", () => {
  test("lets !reset take a value away and !override replace a list", () => {
    const base = "services: {web: {image: a, ports: ['80:80'], command: x, labels: {a: b}}}";
    const over = "services: {web: {ports: !override ['81:81'], command: !reset null, labels: !reset {}}}";
    expect(toPlain(merge(tree(base), tree(over)))).toEqual({
      services: { web: { image: "a", ports: ["81:81"] } },
    });
  });

  test("replaces commands whole", () => {
    const got = merge(tree("services: {a: {command: [x, y]}}"), tree("services: {a: {command: [z]}}"));
    expect(toPlain(got)).toEqual({ services: { a: { command: ["z"] } } });
  });

  test("says where a mapping is overridden by something else", () => {
    expect(() => merge(tree("services: {a: {deploy: {}}}"), tree("services:\n  a:\n    deploy: 3"))).toThrow(
      "compose.yaml:3:13: services.a.deploy must be a mapping",
    );
  });
});

function tree(text: string | undefined): Dict {
  const [first] = readYaml(text ?? "", "compose.yaml");
  if (!first) throw new Error("no document");
  return first;
}
