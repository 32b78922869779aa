import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Archive, archive } from "./archive.ts";
import { startEngine, type TestEngine } from "./harness.ts";

let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

/** True when the engine knows an image by this name. */
const known = async (name: string): Promise<boolean> =>
  (await engine.docker(["image", "inspect", name])).code === 0;

/** A small image of the test's own. */
const makeImage = async (name: string): Promise<string> =>
  await engine.ok(["import", "-", name], {
    stdin: await archive([
      { name: "busybox", bytes: new Uint8Array(readFileSync("/bin/busybox")), mode: 0o755 },
      { name: "file", text: `this is ${name}` },
    ]),
  });

describe("images", () => {
  test("are listed with name, ID and size", async () => {
    const row = await engine.ok([
      "images",
      "--no-trunc",
      "--format",
      "{{.Repository}} {{.Tag}} {{.ID}} {{.Size}}",
      "busybox",
    ]);
    expect(row).toMatch(/^busybox latest sha256:[0-9a-f]{64} [\d.]+[kM]B$/);
    expect(await engine.inspect("busybox", "{{.Id}} {{len .RootFS.Layers}} {{.Os}}")).toMatch(
      /^sha256:[0-9a-f]{64} 1 linux$/,
    );
  });

  test("get more names, and lose them one by one", async () => {
    const id = await makeImage("first");
    await engine.ok(["tag", "first", "localhost:5000/team/app:v1"]);
    await engine.ok(["tag", "first:latest", "second"]);
    expect(await engine.inspect("second", "{{.Id}}")).toBe(id);
    expect(JSON.parse(await engine.inspect("first", "{{json .RepoTags}}")).sort()).toEqual([
      "first:latest",
      "localhost:5000/team/app:v1",
      "second:latest",
    ]);
    expect(await engine.ok(["rmi", "second"])).toBe("Untagged: second:latest");
    expect(await engine.ok(["rmi", "localhost:5000/team/app:v1"])).toBe(
      "Untagged: localhost:5000/team/app:v1",
    );
    expect(await engine.ok(["rmi", "first"])).toMatch(/^Untagged: first:latest\nDeleted: sha256:/);
    expect(await known(id)).toBe(false);
  });

  test("refuse bad names", async () => {
    const { code, stderr } = await engine.docker(["tag", "busybox", "team/UPPER"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/invalid reference format/);
    // Older clients say it in their own words, without the tag.
    expect((await engine.docker(["rmi", "nothing-here"])).stderr).toContain("No such image: nothing-here");
  });

  test("are not removed while a container needs them", async () => {
    await engine.ok(["import", "-", "needed"], { stdin: await archive([{ name: "file", text: "text" }]) });
    await engine.ok(["create", "--name", "needs", "needed", "/file"]);
    const { code, stderr } = await engine.docker(["rmi", "needed"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /unable to remove repository reference "needed" \(must force\) - container [0-9a-f]{12} is using/,
    );
    await engine.ok(["rm", "needs"]);
    expect(await engine.ok(["rmi", "needed"])).toMatch(/Untagged: needed:latest\nDeleted: sha256:/);
  });
});

describe("import", () => {
  test("makes an image of one layer from an archive, with changes to its configuration", async () => {
    const busybox = new Uint8Array(readFileSync("/bin/busybox"));
    const files: Archive = [
      { name: "bin", type: "directory" },
      { name: "bin/busybox", bytes: busybox, mode: 0o755 },
      { name: "bin/sh", type: "symlink", linkname: "busybox" },
      { name: "greeting", text: "hello\n", mode: 0o640, uid: 12, gid: 34 },
    ];
    const flags = ["-c", 'CMD ["/bin/sh", "-c", "cat /greeting"]', "-c", "ENV COLOUR=blue", "-m", "by hand"];
    const id = await engine.ok(["import", ...flags, "-", "hand:made"], { stdin: await archive(files) });
    expect(id).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(await engine.ok(["run", "--rm", "hand:made"])).toBe("hello");
    expect(
      await engine.ok([
        "run",
        "--rm",
        "hand:made",
        "/bin/sh",
        "-c",
        "echo $COLOUR; /bin/busybox stat -c '%a %u %g' /greeting",
      ]),
    ).toBe("blue\n640 12 34");
    expect(await engine.ok(["history", "--format", "{{.Comment}}", "hand:made"])).toBe("by hand");
    await engine.ok(["rmi", "hand:made"]);
  });

  test("takes a gzip archive too", async () => {
    const stdin = Bun.gzipSync(await archive([{ name: "only", text: "file" }]));
    await engine.ok(["import", "-", "zipped"], { stdin });
    await engine.ok(["rmi", "zipped"]);
  });

  test("refuses what is no archive, and leaves nothing", async () => {
    const { code } = await engine.docker(["import", "-", "noise"], {
      stdin: "this is not a tar archive".repeat(100),
    });
    expect(code).not.toBe(0);
    expect(await known("noise")).toBe(false);
  });
});

describe("save and load", () => {
  test("carry an image over whole: same ID, same content", async () => {
    const id = await makeImage("carried");
    const file = join(engine.directory, "carried.tar");
    await engine.ok(["save", "-o", file, "carried"]);
    await engine.ok(["rmi", "carried"]);
    expect(await known(id)).toBe(false);
    expect(await engine.ok(["load", "-i", file])).toBe("Loaded image: carried:latest");
    expect(await engine.inspect("carried", "{{.Id}}")).toBe(id);
    expect(await engine.ok(["run", "--rm", "carried", "/busybox", "cat", "/file"])).toBe("this is carried");
    await engine.ok(["rmi", "carried"]);
  });

  test("write an OCI layout that Docker understands too", async () => {
    const file = join(engine.directory, "layout.tar");
    await engine.ok(["save", "-o", file, "busybox"]);
    const names = Bun.spawnSync(["tar", "-tf", file]).stdout.toString().split("\n");
    for (const name of ["oci-layout", "index.json", "manifest.json"]) expect(names).toContain(name);
    expect(names.some((name) => /^blobs\/sha256\/[0-9a-f]{64}$/.test(name))).toBe(true);
  });

  test("a damaged archive changes nothing", async () => {
    const id = await makeImage("damaged");
    const file = join(engine.directory, "damaged.tar");
    await engine.ok(["save", "-o", file, "damaged"]);
    const bytes = new Uint8Array(readFileSync(file));
    const half = bytes.slice(0, Math.floor(bytes.length / 2));
    await engine.ok(["rmi", "damaged"]);
    expect((await engine.docker(["load"], { stdin: half })).code).not.toBe(0);
    expect(await known(id)).toBe(false);
    await engine.ok(["load", "-i", file]);
    expect(await known(id)).toBe(true);
    await engine.ok(["rmi", "damaged"]);
  });
});

describe("a hostile archive", () => {
  // What a victim would look like: a file of the host's that the archive aims at.
  const aim = (): string => join(engine.directory, "victim");
  const attacks: readonly [string, () => Archive][] = [
    ["climbs out by ..", () => [{ name: `${"../".repeat(20)}${aim().slice(1)}`, text: "owned" }]],
    ["names an absolute path", () => [{ name: aim(), text: "owned" }]],
    [
      "writes through an absolute symlink",
      () => [
        { name: "way", type: "symlink", linkname: engine.directory },
        { name: "way/victim", text: "owned" },
      ],
    ],
    [
      "writes through a relative symlink",
      () => [
        { name: "way", type: "symlink", linkname: "../".repeat(20) + engine.directory.slice(1) },
        { name: "way/victim", text: "owned" },
      ],
    ],
    [
      "writes through a chain of symlinks",
      () => [
        { name: "a", type: "symlink", linkname: "/" },
        { name: "b", type: "symlink", linkname: `a${engine.directory}` },
        { name: "b/victim", text: "owned" },
      ],
    ],
    [
      "links hard to a file of the host",
      () => [{ name: "stolen", type: "link", linkname: `${"../".repeat(20)}etc/hostname` }],
    ],
  ];
  for (const [what, files] of attacks) {
    test(`${what}: the host is not touched`, async () => {
      const { code } = await engine.docker(["import", "-", "hostile"], { stdin: await archive(files()) });
      expect(existsSync(aim())).toBe(false);
      // Either it is refused, or what it holds stays inside the image.
      if (code === 0) {
        await engine.ok(["rmi", "hostile"]);
      } else {
        expect(await known("hostile")).toBe(false);
      }
    });
  }

  test("with a hard link to a file of the host is refused: the link leads nowhere", async () => {
    const files: Archive = [{ name: "stolen", type: "link", linkname: "/etc/hostname" }];
    const { code, stderr } = await engine.docker(["import", "-", "thief"], { stdin: await archive(files) });
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining("stolen: it links to a file that does not exist"),
    });
    expect(await known("thief")).toBe(false);
  });

  test("is refused as a saved image whose blob names climb out", async () => {
    const index = {
      schemaVersion: 2,
      manifests: [
        {
          mediaType: "application/vnd.oci.image.manifest.v1+json",
          digest: "sha256:../../../../victim",
          size: 5,
        },
      ],
    };
    const stdin = await archive([
      { name: "oci-layout", text: '{"imageLayoutVersion":"1.0.0"}' },
      { name: "index.json", text: JSON.stringify(index) },
      {
        name: "manifest.json",
        text: '[{"Config":"../../../etc/passwd","RepoTags":["evil:1"],"Layers":["../../../etc/shadow"]}]',
      },
    ]);
    expect((await engine.docker(["load"], { stdin })).code).not.toBe(0);
    expect(await known("evil:1")).toBe(false);
  });

  test("is refused as a saved image whose layer is not what its config says", async () => {
    const layer = await archive([{ name: "file", text: "text" }]);
    const config = {
      architecture: "amd64",
      os: "linux",
      rootfs: { type: "layers", diff_ids: [`sha256:${"0".repeat(64)}`] },
    };
    const stdin = await archive([
      { name: "config.json", text: JSON.stringify(config) },
      { name: "layer.tar", bytes: layer },
      {
        name: "manifest.json",
        text: '[{"Config":"config.json","RepoTags":["liar:1"],"Layers":["layer.tar"]}]',
      },
    ]);
    expect((await engine.docker(["load"], { stdin })).code).not.toBe(0);
    expect(await known("liar:1")).toBe(false);
  });
});
