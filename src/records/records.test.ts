import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isKind } from "../base/index.ts";
import { openRecords } from "./index.ts";

let directory = "";
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "gantry-records-"));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

const path = () => join(directory, "records.db");

function thrown(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe("records", () => {
  test("keep values across a reopen, in key order", () => {
    {
      using records = openRecords(path());
      const fruit = records.collection<{ colour: string; "odd ключ"?: null }>("fruit");
      fruit.put("b", { colour: "yellow" });
      fruit.put("a", { colour: "red", "odd ключ": null });
      fruit.put("b", { colour: "green" });
      records.collection<number>("other").put("a", 1);
    }
    using records = openRecords(path());
    const fruit = records.collection<{ colour: string }>("fruit");
    expect(fruit.entries()).toEqual([
      ["a", { colour: "red", "odd ключ": null } as { colour: string }],
      ["b", { colour: "green" }],
    ]);
    expect(records.collection<number>("other").list()).toEqual([1]);
  });

  test("find says undefined and get throws not-found for what is absent", () => {
    using records = openRecords(path());
    const empty = records.collection<number>("empty");
    expect(empty.find("x")).toBeUndefined();
    expect(
      isKind(
        thrown(() => empty.get("x")),
        "not-found",
      ),
    ).toBe(true);
    empty.remove("x");
    empty.put("x", 0);
    expect(empty.get("x")).toBe(0);
    empty.remove("x");
    expect(empty.list()).toEqual([]);
  });

  test("a transaction that throws changes nothing, a nested one only undoes its own part", () => {
    using records = openRecords(path());
    const numbers = records.collection<number>("numbers");
    expect(
      thrown(() =>
        records.transaction(() => {
          numbers.put("a", 1);
          throw new Error("no");
        }),
      ),
    ).toBeInstanceOf(Error);
    expect(numbers.find("a")).toBeUndefined();
    records.transaction(() => {
      numbers.put("a", 1);
      thrown(() =>
        records.transaction(() => {
          numbers.put("b", 2);
          throw new Error("no");
        }),
      );
    });
    expect(numbers.entries()).toEqual([["a", 1]]);
  });

  test("a transaction refuses asynchronous work and rolls it back", () => {
    using records = openRecords(path());
    const numbers = records.collection<number>("numbers");
    const error = thrown(() =>
      records.transaction(async () => {
        numbers.put("a", 1);
      }),
    );
    expect(String(error)).toContain("must not await");
    expect(numbers.list()).toEqual([]);
  });

  test("migrations run once each, in order, and not on a new file", () => {
    const seen: string[] = [];
    const first = () => void seen.push("first");
    const second = () => void seen.push("second");
    openRecords(path())[Symbol.dispose]();
    openRecords(path(), { migrations: [first] })[Symbol.dispose]();
    openRecords(path(), { migrations: [first, second] })[Symbol.dispose]();
    openRecords(path(), { migrations: [first, second] })[Symbol.dispose]();
    expect(seen).toEqual(["first", "second"]);
    openRecords(join(directory, "new.db"), { migrations: [first, second] })[Symbol.dispose]();
    expect(seen).toEqual(["first", "second"]);
  });

  test("a failing migration leaves the file at its old version", () => {
    openRecords(path())[Symbol.dispose]();
    const broken = thrown(() =>
      openRecords(path(), {
        migrations: [
          (records) => {
            records.collection<number>("numbers").put("a", 1);
            throw new Error("broken");
          },
        ],
      }),
    );
    expect(String(broken)).toContain("broken");
    using records = openRecords(path());
    expect(records.collection<number>("numbers").list()).toEqual([]);
  });

  test("a file of a newer version or one that is no database is refused", async () => {
    openRecords(path(), { migrations: [() => {}] })[Symbol.dispose]();
    const newer = thrown(() => openRecords(path()));
    expect(isKind(newer, "unavailable")).toBe(true);
    expect(String(newer)).toContain("version 2 is newer than 1");
    const bad = join(directory, "bad.db");
    await writeFile(bad, "this is no database, whatever its name says, and it is long enough to be read");
    expect(
      isKind(
        thrown(() => openRecords(bad)),
        "unavailable",
      ),
    ).toBe(true);
  });

  test("what was committed survives a killed process", async () => {
    const script = `
      import { openRecords } from ${JSON.stringify(join(import.meta.dir, "index.ts"))};
      const records = openRecords(${JSON.stringify(path())});
      const numbers = records.collection("numbers");
      for (let i = 0; ; i += 1) {
        numbers.put("last", i);
        if (i === 50) process.stdout.write("go");
      }`;
    const file = join(directory, "writer.ts");
    await writeFile(file, script);
    const writer = spawn(process.execPath, [file], { stdio: ["ignore", "pipe", "inherit"] });
    await new Promise((resolve) => writer.stdout.once("data", resolve));
    const closed = new Promise((resolve) => writer.once("close", resolve));
    writer.kill("SIGKILL");
    await closed;
    using records = openRecords(path());
    expect(records.collection<number>("numbers").get("last")).toBeGreaterThanOrEqual(50);
  });
});
