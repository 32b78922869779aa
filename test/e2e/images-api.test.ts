import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Answer, call } from "./api-client.ts";
import { archive } from "./archive.ts";
import { startEngine, type TestEngine } from "./harness.ts";

let engine: TestEngine;
/** A file that many layers hold, so that their sizes can be told apart. */
const kilobytes = (count: number): string => "0123456789abcdef".repeat(64 * count);

beforeAll(async () => {
  engine = await startEngine();
  await importFile("base", kilobytes(100), ["LABEL stage=base"]);
  await engine.ok(["create", "--name", "grower", "base", "/x"]);
  writeFileSync(join(engine.directory, "more"), kilobytes(30));
  await engine.ok(["cp", join(engine.directory, "more"), "grower:/more"]);
  await engine.ok(["commit", "-m", "more of it", "-a", "Ada", "-c", "LABEL stage=top", "grower", "top:1"]);
  await engine.ok(["rm", "grower"]);
  await engine.ok(["tag", "top:1", "other/name:2"]);
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

async function importFile(name: string, text: string, changes: readonly string[] = []): Promise<string> {
  const flags = changes.flatMap((change) => ["-c", change]);
  return await engine.ok(["import", ...flags, "-", name], { stdin: await archive([{ name: "file", text }]) });
}

const get = (path: string, version = "1.51"): Promise<Answer> => call(engine, "GET", `/v${version}${path}`);

const names = async (...filters: string[]): Promise<string[]> => {
  const flags = filters.flatMap((filter) => ["--filter", filter]);
  const lines = await engine.ok(["images", "--format", "{{.Repository}}:{{.Tag}}", ...flags]);
  return lines.split("\n").filter(Boolean).sort();
};

describe("docker images", () => {
  test("filters by label, reference, age and neighbours", async () => {
    expect(await names("label=stage")).toEqual(["base:latest", "other/name:2", "top:1"]);
    expect(await names("label=stage=top")).toEqual(["other/name:2", "top:1"]);
    expect(await names("before=top:1", "label=stage")).toEqual(["base:latest"]);
    expect(await names("since=base")).toEqual(["other/name:2", "top:1"]);
    expect(await names("until=24h", "label=stage")).toEqual([]);
    expect(await names("dangling=false", "label=stage=base")).toEqual(["base:latest"]);
    expect((await engine.docker(["images", "--filter", "until=never"])).code).toBe(1);
    const unknown = await engine.docker(["images", "--filter", "colour=red"]);
    expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringContaining("invalid filter 'colour'")]);
    const missing = await engine.docker(["images", "--filter", "before=none:1"]);
    expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining("No such image: none:1")]);
  });

  test("a reference pattern shows the names that match, not the image's others", async () => {
    expect(await names("reference=top")).toEqual(["top:1"]);
    expect(await names("reference=*/*")).toEqual(["other/name:2"]);
    expect(await names("reference=top:*", "reference=base")).toEqual(["base:latest", "top:1"]);
    expect(await names("reference=nothing")).toEqual([]);
  });

  test("images that lost their names are dangling, and pruned by their own filters", async () => {
    const id = await importFile("brief", "1", ["LABEL keep=yes"]);
    await importFile("brief", "2");
    expect(await engine.ok(["images", "-q", "--no-trunc", "--filter", "dangling=true"])).toBe(id);
    expect(await engine.ok(["image", "prune", "-f", "--filter", "label!=keep"])).toContain(
      "Total reclaimed space: 0B",
    );
    expect(await engine.ok(["image", "prune", "-f", "--filter", "until=1h"])).toContain(
      "reclaimed space: 0B",
    );
    expect(await engine.ok(["image", "prune", "-f", "--filter", "label=keep=yes"])).toContain(
      `deleted: ${id}`,
    );
    expect(await engine.ok(["images", "-q", "--filter", "dangling=true"])).toBe("");
    const bad = await engine.docker(["image", "prune", "-f", "--filter", "dangling=perhaps"]);
    expect([bad.code, bad.stderr]).toEqual([
      1,
      expect.stringContaining("invalid filter 'dangling=[perhaps]'"),
    ]);
    await engine.ok(["rmi", "brief"]);
  });

  test("rows tell of manifest and shared size where they are asked", async () => {
    const { body } = await get(
      "/images/json?shared-size=1&manifests=1&filters=%7B%22reference%22%3A%5B%22top%3A1%22%5D%7D",
    );
    const size = 130 * 1024;
    expect(body).toEqual([
      expect.objectContaining({
        RepoTags: ["top:1"],
        Size: size,
        SharedSize: 100 * 1024,
        Descriptor: {
          mediaType: expect.stringContaining("manifest"),
          digest: expect.stringMatching(/^sha256:/),
          size: expect.any(Number),
        },
        Manifests: [
          expect.objectContaining({
            Kind: "image",
            Available: true,
            ImageData: expect.objectContaining({ Size: { Unpacked: size }, Containers: [] }),
          }),
        ],
      }),
    ]);
    const plain = await get("/images/json");
    expect(JSON.stringify(plain.body)).not.toContain("Manifests");
    expect(JSON.stringify(plain.body)).toContain('"SharedSize":-1');
  });
});

describe("docker image inspect and history", () => {
  test("tell who made it, when it was tagged and of which layers it is", async () => {
    const shown = JSON.parse(await engine.ok(["image", "inspect", "top:1"]))[0];
    expect(shown).toMatchObject({
      RepoTags: expect.arrayContaining(["top:1", "other/name:2"]),
      Author: "Ada",
      Comment: "more of it",
      Os: "linux",
      Config: { Labels: { stage: "top" } },
      RootFS: { Type: "layers", Layers: [expect.any(String), expect.any(String)] },
    });
    expect(Date.now() - Date.parse(shown.Metadata.LastTagTime)).toBeLessThan(600_000);
    const history = await engine.ok([
      "history",
      "--no-trunc",
      "--human=false",
      "--format",
      "{{.ID}} {{.Size}} {{.Comment}}",
      "top:1",
    ]);
    expect(history.split("\n")).toEqual([
      `${shown.Id} ${30 * 1024} more of it`,
      `<missing> ${100 * 1024} Imported from -`,
    ]);
    const { body } = await get("/images/top:1/history");
    expect(body).toEqual([
      expect.objectContaining({ Tags: expect.arrayContaining(["top:1", "other/name:2"]) }),
      expect.objectContaining({ Tags: null }),
    ]);
  });

  test("a platform that the image is not for is not found", async () => {
    for (const command of [
      ["image", "inspect"],
      ["history"],
      ["save", "-o", join(engine.directory, "platform.tar")],
    ]) {
      const { code, stderr } = await engine.dockerSince(28, [
        ...command,
        "--platform",
        "linux/s390x",
        "top:1",
      ]);
      expect([command, code, stderr]).toEqual([
        command,
        1,
        expect.stringContaining("does not provide the specified platform (linux/s390x)"),
      ]);
      expect((await engine.dockerSince(28, [...command, "--platform", "linux/amd64", "top:1"])).code).toBe(
        process.arch === "x64" ? 0 : 1,
      );
    }
    expect((await get("/images/top:1/json?platform=%7Bx")).status).toBe(400);
  });
});

describe("docker rmi", () => {
  test("takes several names, short IDs and digests, and says which it does not know", async () => {
    const first = await importFile("a:1", "a");
    const second = await importFile("b:1", "b");
    const { code, stdout, stderr } = await engine.docker(["rmi", "a:1", "unknown", second.slice(7, 19)]);
    expect([code, stderr]).toEqual([1, expect.stringContaining("No such image: unknown")]);
    expect(stdout).toContain(`Untagged: a:1\nDeleted: ${first}`);
    expect(stdout).toContain(`Untagged: b:1\nDeleted: ${second}`);
    expect((await engine.docker(["rmi", "-f", "unknown"])).code).toBe(0);
  });

  test("an image of several names goes by ID with force alone, one in use not even then", async () => {
    const id = await importFile("several", kilobytes(1));
    await engine.ok(["tag", "several", "again"]);
    const short = id.slice(7, 19);
    const refused = await engine.docker(["rmi", id]);
    expect(refused.stderr).toContain(
      `conflict: unable to delete ${short} (must be forced) - image is referenced in multiple repositories`,
    );
    await engine.ok(["run", "-d", "--name", "user", "busybox", "sleep", "600"]);
    const inUse = await engine.docker(["rmi", "-f", await engine.inspect("busybox", "{{.Id}}")]);
    expect(inUse.stderr).toMatch(
      /conflict: unable to delete [0-9a-f]{12} \(cannot be forced\) - image is being used by running container [0-9a-f]{12}/,
    );
    await engine.ok(["rm", "-f", "user"]);
    expect(await engine.ok(["rmi", "-f", id])).toMatch(
      /Untagged: (again|several):latest\nUntagged: (again|several):latest\nDeleted: sha256:/,
    );
  });

  test("by platform removes what is for it alone", async () => {
    await importFile("platform", "x");
    const { code, stderr } = await engine.dockerSince(28, ["rmi", "--platform", "linux/s390x", "platform"]);
    expect([code, stderr]).toEqual([1, expect.stringContaining("does not provide the specified platform")]);
    await engine.ok(["rmi", "platform"]);
  });
});

describe("docker save and load", () => {
  test("several names in one archive share their layers and come back with all names", async () => {
    const file = join(engine.directory, "several.tar");
    await engine.ok(["save", "-o", file, "base", "top:1", "other/name:2"]);
    const blobs = Bun.spawnSync(["tar", "-tf", file])
      .stdout.toString()
      .split("\n")
      .filter((name) => /[0-9a-f]{64}$/.test(name));
    // Two configs, two manifests, two layers.
    expect([blobs.length, new Set(blobs).size]).toEqual([6, 6]);
    const response = await fetch(
      `http://localhost/v1.51/images/get?names=base&names=top:1&names=other/name:2`,
      { unix: engine.socket },
    );
    expect(Buffer.from(await response.arrayBuffer()).equals(readFileSync(file))).toBe(true);
    const ids = await engine.ok(["inspect", "--format", "{{.Id}}", "base", "top:1"]);
    await engine.ok(["rmi", "base", "top:1", "other/name:2"]);
    const loaded = (await engine.ok(["load", "-q", "-i", file])).split("\n").sort();
    expect(loaded).toEqual([
      "Loaded image: base:latest",
      "Loaded image: other/name:2",
      "Loaded image: top:1",
    ]);
    expect(await engine.ok(["inspect", "--format", "{{.Id}}", "base", "top:1"])).toBe(ids);
    const other = await engine.dockerSince(28, ["load", "--platform", "linux/s390x", "-i", file]);
    expect([other.code, other.stderr]).toEqual([
      1,
      expect.stringContaining("requested platform (linux/s390x)"),
    ]);
    expect((await get("/images/get")).status).toBe(400);
    expect((await get("/images/get?names=base&names=unknown")).status).toBe(404);
  });
});

describe("docker import", () => {
  test("from a URL is fetched by the engine", async () => {
    const bytes = await archive([{ name: "hello", text: "from the net" }]);
    using server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: ({ url }) =>
        url.endsWith("/root.tar") ? new Response(bytes) : new Response("none", { status: 404 }),
    });
    const at = `127.0.0.1:${server.port}`;
    const out = await engine.ok([
      "import",
      "-m",
      "fetched",
      "--platform",
      "linux/arm64",
      `http://${at}/root.tar`,
      "fetched:1",
    ]);
    expect(out).toMatch(/^Downloading from http:\/\/127\.0\.0\.1:\d+\/root\.tar\nsha256:[0-9a-f]{64}$/);
    expect(await engine.inspect("fetched:1", "{{.Architecture}} {{.Comment}}")).toBe("arm64 fetched");
    const missing = await engine.docker(["import", `http://${at}/none.tar`, "none:1"]);
    expect([missing.code, missing.stderr]).toEqual([
      1,
      expect.stringMatching(/failed to GET http:.* with status 404/),
    ]);
    const foreign = await engine.docker(["import", "file:///etc/passwd", "none:1"]);
    expect(foreign.code).toBe(1);
    await engine.ok(["rmi", "fetched:1"]);
  });
});

describe("docker system df", () => {
  test("counts each layer once and says what is shared and what is an image's own", async () => {
    const { body } = await get("/system/df?type=image");
    const { Images, LayersSize } = body as {
      Images: { RepoTags: string[]; Size: number; SharedSize: number }[];
      LayersSize: number;
    };
    const sizes = (name: string) => {
      const row = Images.find(({ RepoTags }) => RepoTags.includes(name));
      return row && [row.Size, row.SharedSize];
    };
    expect(sizes("base:latest")).toEqual([100 * 1024, 100 * 1024]);
    expect(sizes("top:1")).toEqual([130 * 1024, 100 * 1024]);
    const busybox = sizes("busybox:latest")?.[0] ?? 0;
    expect(LayersSize).toBe(busybox + 130 * 1024);
    for (const path of ["/system/df?type=image", "/images/json", "/images/top:1/json"]) {
      const twice = [await get(path, "1.43"), await get(path, "1.44")];
      expect(
        twice.map(({ text }) => [text.includes('"Size":133120'), text.includes('"VirtualSize":133120')]),
      ).toEqual([
        [true, true],
        [true, false],
      ]);
    }
    const table = await engine.ok(["system", "df", "-v"]);
    expect(table).toMatch(/top +1 +[0-9a-f]{12} .* 133(?:\.1)?kB +102\.4kB +30\.72kB +0/);
  });
});
