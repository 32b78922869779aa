import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startEngine, type TestEngine, writeFiles } from "./harness.ts";
import { eventually, run } from "./process.ts";

let engine: TestEngine;
let other: TestEngine;

beforeAll(async () => {
  [engine, other] = await Promise.all([startEngine(), startEngine({ image: false })]);
  await engine.ok([
    "build",
    "-q",
    "-t",
    "team/app:1",
    context({ Dockerfile: dockerfile, big: "x".repeat(50_000) }),
  ]);
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  await other[Symbol.asyncDispose]();
});

const dockerfile = `
FROM busybox
COPY big /data/big
RUN mkdir /data/dir && echo one > /data/dir/one && echo two > /data/dir/two && ln /data/big /data/linked
RUN rm /data/dir/one && chmod 600 /data/dir/two && echo more >> /data/big
RUN rm -rf /data/dir && mkdir /data/dir && echo new > /data/dir/new
`;

let contexts = 0;
function context(files: Readonly<Record<string, string>>): string {
  contexts += 1;
  return writeFiles(join(engine.directory, `context-${contexts}`), files);
}

interface Layer {
  Added: number;
  Changed: number;
  Deleted: number;
  MetadataOnly: number;
  Wasted: number;
}

describe("image layers", () => {
  test("tells what each layer does to files and what is carried for nothing", async () => {
    const text = await engine.gantryOk(["image", "layers", "--format", "json", "team/app:1"]);
    const view: { Layers: Layer[]; Wasted: number; Efficiency: number; Wasters: object[] } = JSON.parse(text);
    const rows = view.Layers.slice(1).map((one) => [one.Added, one.Changed, one.Deleted, one.MetadataOnly]);
    // A new name for a file of a lower layer copies it, and so does a new mode.
    expect(rows).toEqual([
      [1, 0, 0, 0],
      [3, 1, 0, 1],
      [0, 2, 1, 1],
      [1, 0, 1, 0],
    ]);
    expect(view.Wasted).toBe(view.Layers.reduce((sum, { Wasted }) => sum + Wasted, 0));
    // The copy of the second layer has another name that can still be seen, so the first one alone is wasted.
    expect(view.Wasters[0]).toMatchObject({ Path: "/data/big", Bytes: 50_000, Copies: 1 });
    expect(view.Efficiency).toBeLessThan(100);
    const table = await engine.gantryOk(["image", "layers", "team/app:1"]);
    expect(table).toContain("COPY");
    expect(table).toMatch(/5 layers, .* unpacked, .* compressed\nEfficiency \d/);
  });

  test("lists the files of a layer", async () => {
    const lines = await engine.gantryOk(["image", "layers", "--files", "--layer", "5", "team/app:1"]);
    expect(lines.split("\n").map((line) => line.replace(/\s+/g, " "))).toEqual([
      "C 0B /data/dir",
      "A +4B /data/dir/new",
      "D -4B /data/dir/two",
    ]);
    const wrong = await engine.gantry(["image", "layers", "--files", "--layer", "9", "team/app:1"]);
    expect(wrong.stderr).toContain("image team/app:1 has no layer 9: it has 5");
    const absent = await engine.gantry(["image", "layers", "nothing"]);
    expect([absent.code, absent.stderr]).toEqual([
      1,
      "Error response from daemon: No such image: nothing:latest\n",
    ]);
  });
});

describe("image diff", () => {
  test("shows what can be seen in one image and not, or not so, in the other", async () => {
    const change =
      "FROM team/app:1\nRUN rm /data/linked && echo x > /etc/new && chmod 700 /data && touch /data/big";
    await engine.ok(["build", "-q", "-t", "team/app:2", context({ Dockerfile: change })]);
    const lines = await engine.gantryOk(["image", "diff", "team/app:1", "team/app:2"]);
    expect(lines.split("\n").map((line) => line.replace(/\s+/g, " "))).toEqual([
      "C 0B /data (mode 0755 → 0700)",
      "D -50kB /data/linked",
      "A +2B /etc/new",
      "1 added, 1 changed, 1 deleted, -50kB; 5 layers are shared",
    ]);
    const dotted = await engine.gantryOk([
      "image",
      "diff",
      "--path",
      "./etc/new",
      "team/app:1",
      "team/app:2",
    ]);
    expect(dotted).toStartWith("A");
    const below = await engine.gantryOk([
      "image",
      "diff",
      "--path",
      "/etc",
      "--format",
      "json",
      "team/app:2",
      "team/app:1",
    ]);
    expect(JSON.parse(below)).toMatchObject({ Deleted: 1, Added: 0, Changed: 0, SharedLayers: 5 });
    const none = await engine.gantryOk(["image", "diff", "team/app:1", "team/app:1"]);
    expect(none).toBe("0 added, 0 changed, 0 deleted, 0B; 5 layers are shared");
  });
});

describe("registry serve", () => {
  const digestOf = (path: string) => createHash("sha256").update(readFileSync(path)).digest("hex");
  const skopeo = async (...args: string[]) => {
    const { code, stdout, stderr } = await run(["skopeo", ...args]);
    if (code !== 0) throw new Error(`skopeo ${args.join(" ")}: ${stderr}`);
    return stdout.trim();
  };

  test("offers images to skopeo and takes them back, byte for byte, until it is stopped", async () => {
    const address = await engine.gantryOk(["registry", "serve", "-d", "--writable", "--addr", "127.0.0.1:0"]);
    const from = `docker://${address}/team/app:1`;
    const plain = ["--src-tls-verify=false", "--dest-tls-verify=false"];
    const layout = join(engine.directory, "layout");
    await skopeo("copy", ...plain, from, `oci:${layout}:app`);
    const digest = await skopeo("inspect", "--tls-verify=false", "--format", "{{.Digest}}", from);
    expect(await engine.inspect("team/app:1", "{{json .RepoDigests}}")).toContain(digest.slice(7));
    await skopeo("copy", ...plain, `oci:${layout}:app`, `docker://${address}/back:1`);
    expect(await engine.inspect("back:1", "{{.Id}}")).toBe(await engine.inspect("team/app:1", "{{.Id}}"));
    const archive = join(engine.directory, "one.tar");
    await skopeo("copy", ...plain, from, `docker-archive:${archive}:from/archive:1`);
    await skopeo("copy", ...plain, `docker-archive:${archive}`, `docker://${address}/from/archive:1`);
    expect(await engine.ok(["run", "--rm", "from/archive:1", "cat", "/data/dir/new"])).toBe("new");
    expect(await engine.gantryOk(["registry", "ls", "-q"])).toBe(address);
    await engine.gantryOk(["registry", "stop", address]);
    expect((await run(["skopeo", "inspect", "--tls-verify=false", from])).code).not.toBe(0);
    const again = await engine.gantry(["registry", "stop", address]);
    expect(again.stderr).toContain(`No registry is served on ${address}`);
  });

  test("keeps every platform of an index that is pushed to it", async () => {
    const address = await other.gantryOk(["registry", "serve", "-d", "--writable", "--addr", "127.0.0.1:0"]);
    const layout = twoPlatforms(join(engine.directory, "layout"), join(engine.directory, "platforms"));
    const plain = ["--all", "--src-tls-verify=false", "--dest-tls-verify=false"];
    await skopeo("copy", ...plain, `oci:${layout}`, `docker://${address}/multi:1`);
    expect(await other.inspect("multi:1", "{{.Os}}/{{.Architecture}}")).toBe("linux/amd64");
    const back = join(engine.directory, "back");
    await skopeo("copy", ...plain, `docker://${address}/multi:1`, `oci:${back}`);
    const index = JSON.parse(readFileSync(join(layout, "index.json"), "utf8")).manifests[0].digest.slice(7);
    expect(digestOf(join(back, "blobs/sha256", index))).toBe(index);
    await engine.ok(["pull", "-q", `${address}/multi:1`]);
    expect(await engine.inspect(`${address}/multi:1`, "{{.Architecture}} {{index .RepoDigests 0}}")).toBe(
      `amd64 ${address}/multi@sha256:${index}`,
    );
    await other.gantryOk(["registry", "stop", address]);
  });

  test("ends with its command, and serves TLS and a password where they are given", async () => {
    const files = engine.directory;
    await run(
      [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
      ].concat(
        ["-keyout", join(files, "key.pem"), "-out", join(files, "cert.pem"), "-subj", "/CN=localhost"],
        ["-addext", "subjectAltName=IP:127.0.0.1"],
      ),
    );
    writeFileSync(join(files, "password"), "secret\n");
    const secured = ["--tls-cert", join(files, "cert.pem"), "--tls-key", join(files, "key.pem")];
    const login = ["--user", "me", "--password-file", join(files, "password")];
    const serving = engine.followGantry(["registry", "serve", "--addr", "127.0.0.1:0", ...secured, ...login]);
    const address = await eventually(
      "the registry's address",
      () => /127\.0\.0\.1:\d+/.exec(serving.stdout)?.[0],
    );
    const certs = join(files, "certs");
    mkdirSync(certs, { recursive: true });
    writeFileSync(join(certs, "ca.crt"), readFileSync(join(files, "cert.pem")));
    const inspect = [
      "inspect",
      "--cert-dir",
      certs,
      "--format",
      "{{.Name}}",
      `docker://${address}/team/app:1`,
    ];
    expect((await run(["skopeo", ...inspect])).stderr).toContain("unauthorized");
    expect(await skopeo(...inspect, "--creds", "me:secret")).toBe(`${address}/team/app`);
    const wrong = await run(["skopeo", ...inspect, "--creds", "me:other"]);
    expect(wrong.code).not.toBe(0);
    await eventually(
      "the requests to be told",
      () => serving.stdout.includes("/v2/team/app/manifests/1 200") || undefined,
    );
    serving.signal("SIGINT");
    expect(await serving.exited()).toBe(0);
    await eventually("the registry to be gone", async () =>
      (await engine.gantryOk(["registry", "ls", "-q"])) === "" ? true : undefined,
    );
    const open = await engine.gantry(["registry", "serve", "--addr", "0.0.0.0:0", ...secured]);
    expect(open.stderr).toContain("it needs a password");
    const half = await engine.gantry(["registry", "serve", "--tls-cert", "x"]);
    expect(half.stderr).toContain("--tls-cert and --tls-key belong together");
  });
});

describe("image copy", () => {
  const copy = async (source: string, target: string, ...flags: string[]) => {
    const text = await engine.gantryOk(["image", "copy", "--format", "json", ...flags, source, target]);
    const result: { Digest: string; Copied: number; There: number; Mounted: number; Bytes: number } =
      JSON.parse(text);
    return result;
  };

  /** An image of two layers that no other engine has. */
  const build = async (tag: string): Promise<void> => {
    const files = {
      Dockerfile: "FROM scratch\nCOPY one /\nCOPY two /\n",
      one: `one ${tag}`,
      two: `two ${tag}`,
    };
    await engine.ok(["build", "-q", "-t", tag, context(files)]);
  };

  test("moves an image from place to place with its digest, and only the blobs that are missing", async () => {
    const registry = await other.gantryOk(["registry", "serve", "-d", "--writable", "--addr", "127.0.0.1:0"]);
    const [layout, archive] = [join(engine.directory, "moved"), join(engine.directory, "moved.tar")];
    await build("new:1");
    const first = await copy("new:1", `docker://${registry}/moved:1`);
    expect(first).toMatchObject({ Copied: 3, There: 0 });
    expect(await copy("new:1", `docker://${registry}/again:1`)).toMatchObject({
      Copied: 0,
      There: 3,
      Bytes: 0,
    });
    const places = [
      `docker://${registry}/moved:1`,
      `oci:${layout}:one`,
      `docker-archive:${archive}:moved:2`,
      "engine:moved:3",
    ];
    for (const [at, place] of places.slice(1).entries())
      expect((await copy(places[at] ?? "", place)).Digest).toBe(first.Digest);
    const next = `engine+unix://${other.socket}#moved:4`;
    expect(await copy("moved:3", next)).toMatchObject({ Digest: first.Digest, Copied: 0, There: 3 });
    expect((await copy(next, "moved:5")).Digest).toBe(first.Digest);
    for (const at of [engine, other])
      expect(await at.inspect(at === engine ? "moved:5" : "moved:4", "{{.Id}}")).toBe(
        await engine.inspect("new:1", "{{.Id}}"),
      );
    for (const place of [`oci:${layout}:one`, `docker-archive:${archive}`])
      expect((await run(["skopeo", "inspect", "--config", place])).code).toBe(0);
    // A Docker client of one engine pushes to the other, and pulls from it what it has not.
    await engine.ok(["tag", "new:1", `${registry}/by/docker:1`]);
    await engine.ok(["push", "-q", `${registry}/by/docker:1`]);
    expect(await other.inspect("by/docker:1", "{{.Id}}")).toBe(await engine.inspect("new:1", "{{.Id}}"));
    await engine.ok(["rmi", "-f", await engine.inspect("new:1", "{{.Id}}")]);
    await engine.ok(["pull", "-q", `${registry}/by/docker:1`]);
    expect(await engine.inspect(`${registry}/by/docker:1`, "{{index .RepoDigests 0}}")).toBe(
      `${registry}/by/docker@${first.Digest}`,
    );
    await other.gantryOk(["registry", "stop", registry]);
  });

  test("keeps all platforms where they are wanted, else takes this machine's", async () => {
    const source = join(engine.directory, "platforms-source");
    await copy("team/app:1", `oci:${source}`);
    const layout = `oci:${twoPlatforms(source, join(engine.directory, "platforms-2"))}`;
    const all = await copy(layout, "all:1", "--all");
    const back = join(engine.directory, "platforms-back");
    expect((await copy("all:1", `oci:${back}`, "--all")).Digest).toBe(all.Digest);
    const only = await copy(layout, "only:1");
    expect([only.Digest === all.Digest, await engine.inspect("only:1", "{{.Architecture}}")]).toEqual([
      false,
      "amd64",
    ]);
    const foreign = await copy(layout, "foreign:1", "--platform", "linux/s390x");
    expect(foreign.Digest).not.toBe(only.Digest);
    const failed = await engine.gantry(["image", "copy", "--platform", "linux/arm64", layout, "none:1"]);
    expect([failed.code, failed.stderr]).toEqual([
      1,
      "no matching manifest for linux/arm64 in the manifest list entries\n",
    ]);
    const archive = ["image", "copy", "--all", layout, "docker-archive:/tmp/never.tar"];
    expect((await engine.gantry(archive)).stderr).toContain("the target holds one platform");
  });

  test("that a kill cuts off leaves no image, and goes on from what had come", async () => {
    await build("cut:1");
    const layout = `oci:${join(engine.directory, "cut")}:cut`;
    const whole = await copy("cut:1", layout);
    await using victim = await startEngine({ image: false, steps: true });
    const arrive = ["image", "copy", "--format", "json", layout, "cut:1"];
    for (const [step, count] of [
      ["content:staged", 2],
      ["content:published", 2],
      ["image:layer-committed", 1],
      ["content:index-written", 1],
    ] as const) {
      victim.steps.killAt(step, count);
      expect((await victim.gantry(arrive)).code).not.toBe(0);
      await victim.ended();
      await victim.start();
      const text = await victim.gantryOk(arrive);
      const again: { Digest: string; Copied: number; There: number } = JSON.parse(text);
      expect([step, again.Digest, again.Copied + again.There]).toEqual([step, whole.Digest, 3]);
      expect(await victim.inspect("cut:1", "{{.Id}}")).toBe(await engine.inspect("cut:1", "{{.Id}}"));
      await victim.ok(["rmi", "cut:1"]);
      expect(readdirSync(join(victim.root, "content/blobs/sha256"))).toEqual([]);
      expect(readdirSync(join(victim.root, "snapshots/committed"))).toEqual([]);
    }
  });

  test("and the other commands refuse flags that would mean nothing", async () => {
    for (const [args, text] of [
      [["copy", "--all", "--platform", "linux/arm64", "a", "b"], "--all and --platform exclude each other"],
      [["copy", "--format", "{{.Digest}}", "a", "b"], 'unsupported format "{{.Digest}}"'],
      [["layers", "--layer", "1", "busybox"], "--layer is for --files alone"],
      [["layers", "--files", "--wasters", "1", "busybox"], "--wasters and --files exclude each other"],
      [["diff", "--format", "table", "busybox", "busybox"], 'unsupported format "table"'],
      [["tree", "--format", "table"], 'unsupported format "table"'],
      [["bootstrap", "--include", "curl", "busybox"], "--include is for debian alone"],
      [["bootstrap", "fedora"], 'unknown base image "fedora"'],
    ] as const) {
      const { code, stderr } = await engine.gantry(["image", ...args]);
      expect([code, stderr]).toEqual([1, expect.stringContaining(text)]);
    }
  });

  test("of damaged content fails and leaves no name", async () => {
    const layout = join(engine.directory, "damaged");
    await build("damaged:0");
    await copy("damaged:0", `oci:${layout}`);
    const [{ digest }] = JSON.parse(readFileSync(join(layout, "index.json"), "utf8")).manifests;
    const manifest = JSON.parse(readFileSync(join(layout, "blobs/sha256", digest.slice(7)), "utf8"));
    const blob = join(layout, "blobs/sha256", manifest.layers[1].digest.slice(7));
    const bytes = readFileSync(blob);
    writeFileSync(blob, Buffer.concat([bytes.subarray(0, -1), Buffer.from("x")]));
    const file = join(engine.directory, "damaged.tar");
    for (const target of [`docker-archive:${file}`, `engine+unix://${other.socket}#damaged:1`]) {
      const failed = await engine.gantry(["image", "copy", `oci:${layout}`, target]);
      expect([failed.code, failed.stderr]).toEqual([1, expect.stringContaining(manifest.layers[1].digest)]);
    }
    expect(readdirSync(engine.directory).filter((name) => name.startsWith("damaged."))).toEqual([]);
    for (const [place, text] of [
      ["oci:/nowhere", "No OCI layout in /nowhere"],
      ["docker-archive:/nowhere", "open /nowhere: no such file or directory"],
      ["engine+unix:///nowhere#x", "Cannot reach the engine at unix:///nowhere"],
      ["nothing", "No such image: nothing:latest"],
      ["ftp://x", "invalid place of an image"],
    ] as const) {
      const { code, stderr } = await engine.gantry(["image", "copy", place, "never:1"]);
      expect([code, stderr]).toEqual([1, expect.stringContaining(text)]);
    }
    writeFiles(join(engine.directory, "full"), { ingest: "precious" });
    for (const [place, text] of [
      [`oci:${join(engine.root, "content")}`, "lies in the engine's own directory"],
      [`docker-archive:${join(engine.root, "x/y.tar")}`, "lies in the engine's own directory"],
      [`oci:${join(engine.directory, "full")}`, "is no OCI layout and not empty"],
    ] as const) {
      const { code, stderr } = await engine.gantry(["image", "copy", "busybox", place]);
      expect([code, stderr]).toEqual([1, expect.stringContaining(text)]);
    }
    expect(await engine.ok(["images", "-q", "never"])).toBe("");
    expect(await other.ok(["images", "-q", "damaged"])).toBe("");
  });
});

/** A layout with one index of two platforms: the image of `source`, and the same for another machine. */
function twoPlatforms(source: string, target: string): string {
  const blobs = join(target, "blobs/sha256");
  mkdirSync(blobs, { recursive: true });
  Bun.spawnSync(["cp", "-r", join(source, "blobs"), join(source, "oci-layout"), target]);
  const put = (value: object) => {
    const text = JSON.stringify(value);
    const hex = createHash("sha256").update(text).digest("hex");
    writeFileSync(join(blobs, hex), text);
    return { digest: `sha256:${hex}`, size: text.length };
  };
  const read = (digest: string) => JSON.parse(readFileSync(join(blobs, digest.slice(7)), "utf8"));
  const [mine] = JSON.parse(readFileSync(join(source, "index.json"), "utf8")).manifests;
  const manifest = read(mine.digest);
  const config = put({ ...read(manifest.config.digest), architecture: "s390x" });
  const foreign = put({ ...manifest, config: { ...manifest.config, ...config } });
  const platform = (architecture: string) => ({ platform: { os: "linux", architecture } });
  const { mediaType } = mine;
  const manifests = [
    { mediaType, ...foreign, ...platform("s390x") },
    { mediaType, digest: mine.digest, size: mine.size, ...platform("amd64") },
  ];
  const type = "application/vnd.oci.image.index.v1+json";
  const index = put({ schemaVersion: 2, mediaType: type, manifests });
  const top = { schemaVersion: 2, mediaType: type, manifests: [{ mediaType: type, ...index }] };
  writeFileSync(join(target, "index.json"), JSON.stringify(top));
  return target;
}
