import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../../base/index.ts";
import { parseFlags } from "../flags/index.ts";
import recorded from "./docker-flags.golden.json";
import { createFlags, planContainer } from "./index.ts";
import { told } from "./told.fixture.ts";

const files: Readonly<Record<string, string>> = {
  "/work/env": "# c\nA=1\nFROMENV\n B=two words\n",
  "/work/labels": "l1=x\nl2\n",
  "/work/seccomp.json": '{ "defaultAction": "SCMP_ACT_ALLOW",\n "syscalls": [] }',
};

const at = {
  env: { FROMENV: "inherited" },
  directory: "/work",
  engine: "unix:///work/engine.sock",
  readText: async (path: string) => {
    const text = files[path];
    if (text === undefined) throw Object.assign(new Error("gone"), { code: "ENOENT" });
    return text;
  },
};

/** What the flags come to, or the words of the refusal. */
async function answer(argv: readonly string[]): Promise<unknown> {
  try {
    const { flags, args } = parseFlags(createFlags, [...argv, "image", "cmd"], { interspersed: false });
    return { request: (await planContainer(at, flags, { args, detached: false })).request };
  } catch (error) {
    return { error: messageOf(error) };
  }
}

test("the flags of create ask for what docker asks for, and are refused in its words", async () => {
  expect(recorded.length).toBeGreaterThan(250);
  for (const { flags, ...docker } of recorded) {
    expect({ flags, ours: told(await answer(flags)) }).toEqual({ flags, ours: told(docker) });
  }
});

test("every flag of create has its row among what is compatible", () => {
  const page = readFileSync(join(import.meta.dir, "../../../docs/compatibility.md"), "utf8");
  const told = new Set([...page.matchAll(/`(--[a-z0-9-]+)/g)].map((match) => match[1]));
  const shown = createFlags.filter(({ alias }) => alias === undefined).map(({ name }) => `--${name}`);
  expect(shown.filter((name) => !told.has(name))).toEqual([]);
});
