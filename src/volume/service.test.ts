import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openRecords, type Records } from "../records/index.ts";
import { Discards } from "../sys/index.ts";
import { openVolumeService } from "./service.ts";

let root = "";
let records: Records;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "gantry-volume-"));
  records = openRecords(join(root, "records.db"));
});
afterEach(() => {
  records[Symbol.dispose]();
  rmSync(root, { recursive: true, force: true });
});

const open = () => openVolumeService({ directory: join(root, "volumes"), records });

test("creating a volume twice returns the first one with its files", async () => {
  const volumes = await open();
  const first = await volumes.create({ name: "data", labels: { a: "b" } });
  writeFileSync(join(volumes.path("data"), "file"), "x");
  const second = await volumes.create({ name: "data" });
  expect(first.made).toBe(true);
  expect(second.made).toBe(false);
  expect(second.volume.labels).toEqual({ a: "b" });
  expect(await volumes.isEmpty("data")).toBe(false);
});

test("a volume without a name is anonymous and gets 64 hex digits", async () => {
  const volumes = await open();
  const { volume } = await volumes.create({});
  expect(volume.anonymous).toBe(true);
  expect(volume.name).toMatch(/^[0-9a-f]{64}$/);
});

test("an unknown volume is reported in Docker's words", async () => {
  const volumes = await open();
  expect(() => volumes.get("nope")).toThrow("get nope: no such volume");
});

test("a volume in use stays and the error names its users", async () => {
  const volumes = await open();
  await volumes.create({ name: "data" });
  expect(volumes.remove("data", { usedBy: ["abc", "def"] })).rejects.toThrow(
    "remove data: volume is in use - [abc, def]",
  );
  await volumes.remove("data", { usedBy: [] });
  expect(volumes.find("data")).toBeUndefined();
  expect(existsSync(volumes.path("data"))).toBe(false);
});

test("names that could leave the directory are refused", async () => {
  const volumes = await open();
  for (const name of ["../x", "a/b", ".hidden", "a", "a b"]) {
    expect(volumes.create({ name })).rejects.toThrow("volume name");
  }
});

test("a removal cut off by a kill is finished at the next start", async () => {
  const volumes = await open();
  await volumes.create({ name: "data" });
  const collection = records.collection<object>("volumes");
  collection.put("data", { ...collection.get("data"), removing: true });
  const again = await open();
  expect(again.find("data")).toBeUndefined();
  expect(readdirSync(join(root, "volumes"))).toEqual([]);
});

test("what cannot be deleted or moved keeps nobody from opening the volumes", async () => {
  const volumes = await open();
  for (const name of ["stuck", "mounted"]) await volumes.create({ name });
  const mounts = ["stuck/_data", "mounted"].map((path) => join(root, "volumes", path));
  for (const path of mounts) await Bun.$`mount -t tmpfs gantry-test ${path}`.quiet();
  try {
    expect(volumes.remove("stuck", { usedBy: [] })).rejects.toThrow("Cannot remove");
    expect(volumes.remove("mounted", { usedBy: [] })).rejects.toThrow("EBUSY");
    expect(volumes.find("mounted")).toBeDefined();
    const told: string[] = [];
    const discards = new Discards((path) => told.push(path));
    const again = await openVolumeService({ directory: join(root, "volumes"), records, discards });
    expect(again.list().map(({ name }) => name)).toEqual(["mounted"]);
    expect(told).toEqual([expect.stringContaining("volumes/.removed-")]);
  } finally {
    await Bun.$`umount ${join(root, "volumes/mounted")}`.quiet();
    for (const entry of readdirSync(join(root, "volumes")).filter((name) => name.startsWith(".removed-")))
      await Bun.$`umount ${join(root, "volumes", entry, "_data")}`.quiet();
  }
  expect(readdirSync(join(root, "volumes"))).toHaveLength(2);
  await open();
  expect(readdirSync(join(root, "volumes"))).toEqual(["mounted"]);
});
