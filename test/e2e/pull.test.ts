import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FakeRegistry } from "./fake-registry.ts";
import { startEngine, type TestEngine } from "./harness.ts";
import { eventually, run } from "./process.ts";
import { startRegistry, type TestRegistry } from "./registry.ts";

const busybox = new Uint8Array(readFileSync("/bin/busybox"));
const architecture = process.arch === "x64" ? "amd64" : process.arch;
const base = {
  entries: [
    { name: "bin/", type: "directory" as const },
    { name: "bin/sh", bytes: busybox, mode: 0o755 },
  ],
};
const text = (name: string, content: string) => ({ entries: [{ name, text: content }] });

let engine: TestEngine;
let other: TestEngine;
let registry: TestRegistry;
let fake: FakeRegistry;
beforeAll(async () => {
  fake = new FakeRegistry();
  [engine, other, registry] = await Promise.all([
    startEngine(),
    startEngine({ image: false, arguments: ["--max-concurrent-downloads", "2"] }),
    startRegistry(),
  ]);
});
afterAll(async () => {
  await Promise.all([engine, other, registry, fake].map((one) => one[Symbol.asyncDispose]()));
});

const digestsOf = async (on: TestEngine, name: string): Promise<string[]> =>
  JSON.parse(await on.inspect(name, "{{json .RepoDigests}}"));

describe("push and pull", () => {
  test("an image that is pushed and pulled is the same one, told in Docker's words", async () => {
    const name = `${registry.host}/team/app:v1`;
    const dockerfile =
      "FROM busybox\nRUN echo two > /two\nRUN rm /two && echo three > /three\nCMD cat /three\n";
    await engine.ok(["build", "-t", name, "-"], { stdin: dockerfile });
    const pushed = await engine.ok(["push", name]);
    expect(pushed.split("\n")[0]).toBe(`The push refers to repository [${registry.host}/team/app]`);
    expect(pushed.match(/^[0-9a-f]{12}: Preparing$/gm)).toHaveLength(3);
    expect(pushed.match(/^[0-9a-f]{12}: Pushed$/gm)).toHaveLength(3);
    const digest = /^v1: digest: (sha256:[0-9a-f]{64}) size: \d+$/m.exec(pushed)?.[1];
    expect((await engine.ok(["push", name])).match(/: Layer already exists$/gm)).toHaveLength(3);

    const pulled = await other.ok(["pull", name]);
    expect(pulled.split("\n")[0]).toBe("v1: Pulling from team/app");
    for (const words of ["Pulling fs layer", "Verifying Checksum", "Download complete", "Pull complete"])
      expect(pulled.match(new RegExp(`^[0-9a-f]{12}: ${words}$`, "gm"))).toHaveLength(3);
    expect(pulled.split("\n").slice(-3)).toEqual([
      `Digest: ${digest}`,
      `Status: Downloaded newer image for ${name}`,
      name,
    ]);
    expect(await other.ok(["run", "--rm", name])).toBe("three");
    expect(await other.inspect(name, "{{.Id}}")).toBe(await engine.inspect(name, "{{.Id}}"));
    expect(await digestsOf(other, name)).toEqual([`${registry.host}/team/app@${digest}`]);
    expect(await digestsOf(engine, name)).toEqual([`${registry.host}/team/app@${digest}`]);
    const again = await other.ok(["pull", name]);
    expect(again.split("\n").slice(1)).toEqual([
      `Digest: ${digest}`,
      `Status: Image is up to date for ${name}`,
      name,
    ]);
    expect(await other.ok(["pull", "-q", name])).toBe(name);
  });

  test("blobs are taken over from another repository of the registry, and an image's tags go all at once", async () => {
    const target = `${registry.host}/elsewhere/app`;
    for (const tag of ["one", "two"])
      await other.ok(["tag", `${registry.host}/team/app:v1`, `${target}:${tag}`]);
    const pushed = await other.ok(["push", "-a", target]);
    expect(pushed.match(/^[0-9a-f]{12}: Mounted from team\/app$/gm)).toHaveLength(3);
    expect(pushed.match(/^(one|two): digest: sha256:/gm)).toHaveLength(2);
    await engine.ok(["pull", "-a", target]);
    expect((await engine.ok(["images", "--format", "{{.Tag}}", target])).split("\n").sort()).toEqual([
      "one",
      "two",
    ]);
    expect(await engine.ok(["rmi", `${target}:one`, `${target}:two`])).toContain(
      `Untagged: ${target}@sha256:`,
    );
  });

  test("what cannot be is refused in Docker's words and leaves nothing", async () => {
    const nothing = `${registry.host}/team/app:none`;
    expect((await other.docker(["pull", nothing])).stderr).toContain(
      `manifest for ${nothing} not found: manifest unknown`,
    );
    const push = await other.docker(["push", `${registry.host}/team/none`]);
    expect([push.code, push.stderr.trim()]).toEqual([
      1,
      `An image does not exist locally with the tag: ${registry.host}/team/none`,
    ]);
    expect((await other.docker(["pull", `${registry.host}/Team/app`])).code).toBe(1);
    const dead = await other.docker(["pull", "127.0.0.1:1/app"]);
    expect(dead.stderr).toContain("connection refused");
  });

  test("both tell of it as events", async () => {
    const since = String(Math.floor(Date.now() / 1000) - 600);
    const events = async (on: TestEngine, action: string) =>
      await on.ok([
        ...[
          "events",
          "--since",
          since,
          "--until",
          String(Math.ceil(Date.now() / 1000)),
          "--filter",
          `event=${action}`,
        ],
        ...["--format", "{{.Type}} {{.Action}} {{.Actor.ID}} {{.Actor.Attributes.name}}"],
      ]);
    const name = `${registry.host}/team/app`;
    expect(await events(other, "pull")).toContain(`image pull ${name}:v1 ${name}`);
    expect(await events(engine, "push")).toContain(`image push ${name}:v1 ${name}`);
  });
});

describe("pull", () => {
  test("layers come plain, as gzip and as zstd, with annotations kept and deletions obeyed", async () => {
    await fake.offer("mixed", {
      layers: [
        base,
        { ...text("a", "1"), compress: "none" },
        { ...text("b", "2"), compress: "zstd" },
        // Builders repeat layers, empty ones most of all.
        { ...text("b", "2"), compress: "zstd" },
        { entries: [{ name: ".wh.a", text: "" }] },
      ],
      annotations: { "org.example.note": "kept" },
    });
    const name = `${fake.host}/app:mixed`;
    await other.ok(["pull", name]);
    expect(await other.ok(["run", "--rm", name, "sh", "-c", "cat b; ls a 2>&1 || true"])).toMatch(
      /^2.*a: No such/s,
    );
    const target = `${registry.host}/copy:mixed`;
    await other.ok(["tag", name, target]);
    await other.ok(["push", target]);
    const there = await fetch(`http://${registry.host}/v2/copy/manifests/mixed`, {
      headers: { Accept: "application/vnd.oci.image.manifest.v1+json" },
    });
    expect(Buffer.from(await there.arrayBuffer())).toEqual(Buffer.from(fake.manifest("mixed")));
  });

  test("of an index it takes what fits the platform, and goes by any digest", async () => {
    const fits = await fake.offer(undefined, { layers: [base, text("which", "host")] });
    const arm = await fake.offer(undefined, {
      layers: [text("which", "arm")],
      platform: { os: "linux", architecture: "arm", variant: "v6" },
    });
    const attestation = { ...arm, platform: { os: "unknown", architecture: "unknown" } };
    const inner = fake.index(undefined, [attestation, { ...fits, platform: { os: "linux", architecture } }]);
    const outer = fake.index("many", [
      { ...arm, platform: { os: "linux", architecture: "arm", variant: "v6" } },
      { ...inner, platform: { os: "linux", architecture } },
    ]);
    const name = `${fake.host}/app`;
    const pulled = await other.ok(["pull", `${name}:many`]);
    expect(pulled).toContain(`Digest: ${outer.digest}`);
    expect(await digestsOf(other, `${name}:many`)).toEqual([`${name}@${outer.digest}`]);
    expect(await other.ok(["run", "--rm", `${name}:many`, "sh", "-c", "cat which"])).toBe("host");
    await other.ok(["pull", "--platform", "linux/arm/v7", `${name}:many`]);
    expect(await other.inspect(`${name}:many`, "{{.Architecture}} {{.Variant}}")).toBe("arm v6");
    const none = await other.docker(["pull", "--platform", "linux/riscv64", `${name}:many`]);
    expect(none.stderr).toContain("no matching manifest for linux/riscv64 in the manifest list entries");

    const byDigest = `${name}@${fits.digest}`;
    await other.ok(["pull", byDigest]);
    expect(await other.ok(["run", "--rm", byDigest, "sh", "-c", "cat which"])).toBe("host");
    expect(await other.ok(["images", "--digests", "--format", "{{.Tag}} {{.Digest}}", name])).toContain(
      `<none> ${fits.digest}`,
    );
    expect(await other.ok(["rmi", byDigest])).toContain(`Untagged: ${byDigest}`);
    expect((await other.docker(["image", "inspect", byDigest])).code).toBe(1);
    await other.ok(["pull", byDigest]);
    // As in Docker: an image without a tag dangles, whatever digests it goes by.
    expect(await other.ok(["image", "prune", "-f"])).toContain(`untagged: ${byDigest}`);
  });

  test("what is no image, and content that is not what was promised, leave nothing", async () => {
    await fake.offer("chart", {
      layers: [text("x", "y")],
      configType: "application/vnd.cncf.helm.config.v1+json",
    });
    const bad = await fake.offer("bad", { layers: [text("x", "never seen before")] });
    fake.corrupt(bad.layers[0]?.digest ?? "");
    const stored = () => [
      ...readdirSync(join(other.root, "content/blobs/sha256")),
      ...readdirSync(join(other.root, "content/ingest")),
      ...readdirSync(join(other.root, "snapshots/committed")),
    ];
    const before = stored().sort();
    const chart = await other.docker(["pull", `${fake.host}/app:chart`]);
    expect(chart.stderr).toContain('Encountered remote "application/vnd.cncf.helm.config.v1+json"');
    const wrong = await other.docker(["pull", `${fake.host}/app:bad`]);
    expect(wrong.stderr).toMatch(/failed for digest|cannot decompress|failed to register layer/);
    expect(stored().sort()).toEqual(before);
  });

  test("ten at the same time bring each layer once, and two images the layers that they share", async () => {
    const shared = [base, { entries: [{ name: "big", bytes: new Uint8Array(randomBytes(1_500_000)) }] }];
    const one = await fake.offer("one", { layers: [...shared, text("top", "1")] });
    await fake.offer("two", { layers: [...shared, text("top", "2")] });
    const image = (tag: string) => `${fake.host}/app:${tag}`;
    await Promise.all(
      Array.from({ length: 10 }, (_, at) => other.ok(["pull", image(at % 2 ? "one" : "two")])),
    );
    for (const { digest, size } of one.layers.slice(1, 2)) expect(fake.served.get(digest)).toBe(size);
    expect(await other.ok(["run", "--rm", image("one"), "sh", "-c", "cat top"])).toBe("1");
    expect(await other.ok(["run", "--rm", image("two"), "sh", "-c", "cat top"])).toBe("2");
  });

  test("a client that leaves ends its pull, unless another one waits for it; the next goes on", async () => {
    const layer = { entries: [{ name: "big", bytes: new Uint8Array(randomBytes(3_000_000)) }] };
    const offered = await fake.offer("slow", { layers: [layer] });
    const digest = offered.layers[0]?.digest ?? "";
    const name = `${fake.host}/app:slow`;
    fake.holdAfter = 1_500_000;
    const [leaves, stays] = [other.follow(["pull", name]), other.follow(["pull", name])];
    await eventually("the layer to come half", () => (fake.served.get(digest) ?? 0) > 1_400_000 || undefined);
    await eventually(
      "both to wait for it",
      () => [leaves, stays].every(({ stdout }) => stdout.includes("Pulling fs layer")) || undefined,
    );
    leaves.signal("SIGKILL");
    stays.signal("SIGKILL");
    await eventually(
      "the pull to have ended",
      () =>
        readdirSync(join(other.root, "snapshots/active")).every((key) => !key.startsWith("unpack-")) ||
        undefined,
    );
    expect(existsSync(join(other.root, "content/ingest", digest.slice(7)))).toBe(true);
    const before = fake.served.get(digest) ?? 0;
    fake.holdAfter = undefined;
    await other.ok(["pull", name]);
    expect((fake.served.get(digest) ?? 0) - before).toBeLessThan(2_600_000);
    expect(fake.asked.filter((line) => line.startsWith(digest)).at(-1)).not.toBe(`${digest} 0`);
    expect(readdirSync(join(other.root, "content/ingest"))).toEqual([]);
  });
});

describe("commands that pull", () => {
  test("run does when the image is missing, never, always", async () => {
    await fake.offer("run", {
      layers: [base, text("said", "hello")],
      config: { Cmd: ["sh", "-c", "cat said"] },
    });
    const name = `${fake.host}/app:run`;
    expect((await other.docker(["run", "--rm", "--pull", "never", name])).stderr).toContain(
      `No such image: ${name}`,
    );
    const ran = await other.docker(["run", "--rm", name]);
    expect([ran.code, ran.stdout]).toEqual([0, "hello"]);
    expect(ran.stderr).toContain(`Unable to find image '${name}' locally`);
    await other.ok(["rmi", name]);
    const ours = await other.gantry(["run", "--rm", name]);
    expect([ours.code, ours.stdout]).toEqual([0, "hello"]);
    expect(ours.stderr).toContain("Status: Downloaded newer image");
    const always = await other.gantry(["run", "--rm", "--pull", "always", name]);
    expect(always.stderr).toContain("Status: Image is up to date");
    expect((await other.gantry(["create", "-q", "--pull", "always", name])).stderr).toBe("");
  });

  test("a build does for what it stands on, and Compose for its services", async () => {
    await fake.offer("base", { layers: [base, text("said", "from the base")] });
    const name = `${fake.host}/app:base`;
    const built = await other.ok(["build", "-t", "built", "-"], {
      stdin: `FROM ${name}\nRUN cat said > copy\n`,
    });
    expect(built).toContain("Successfully tagged built:latest");
    expect(await other.ok(["run", "--rm", "built", "sh", "-c", "cat copy"])).toBe("from the base");
    await other.ok(["build", "--pull", "-t", "built", "-"], { stdin: `FROM ${name}\n` });
    await other.ok(["rmi", "-f", "built", name]);
    const project = join(other.directory, "project");
    mkdirSync(project);
    writeFileSync(
      join(project, "compose.yaml"),
      `services:\n  app:\n    image: ${name}\n    command: ["sh", "-c", "cat said"]\n    pull_policy: always\n`,
    );
    await other.gantryOk(["compose", "pull"], { cwd: project });
    expect(await other.inspect(name, "{{.Os}}")).toBe("linux");
    expect(await other.gantryOk(["compose", "run", "--rm", "app"], { cwd: project })).toContain(
      "from the base",
    );
    await other.gantryOk(["compose", "down"], { cwd: project });
  });

  test("what the user has logged in with is shown to the registry", async () => {
    await using closed = await startRegistry({ users: { me: "secret word" } });
    const name = `${closed.host}/mine:1`;
    await engine.ok(["tag", "busybox", name]);
    expect((await engine.docker(["push", name])).stderr).toMatch(/authentication required|no basic auth/);
    await engine.ok(["login", "-u", "me", "--password-stdin", closed.host], { stdin: "secret word" });
    await engine.ok(["push", name]);
    await engine.ok(["rmi", name]);
    await engine.gantryOk(["pull", name]);
    await engine.gantryOk(["push", name]);
    await engine.ok(["rmi", name]);
    expect(await engine.ok(["run", "--rm", name, "echo", "in"])).toBe("in");
    expect(engine.log).not.toContain("secret word");
  });
});

describe("beside skopeo", () => {
  test("images go both ways with the same digests, and the store is a layout for it", async () => {
    const name = `${registry.host}/team/app:v1`;
    const digest = (await digestsOf(other, name))[0]?.split("@")[1] ?? "";
    const skopeo = async (...words: string[]) => {
      const ran = await run(["skopeo", "--insecure-policy", ...words]);
      if (ran.code !== 0) throw new Error(`skopeo ${words.join(" ")}: ${ran.stderr}`);
      return ran.stdout;
    };
    const store = `oci:${join(other.root, "content")}`;
    const layout = join(other.directory, "layout");
    const listed = JSON.parse(readFileSync(join(other.root, "content/index.json"), "utf8"));
    expect(JSON.stringify(listed)).toContain(digest);
    expect(JSON.parse(await skopeo("inspect", `${store}:v1`)).Digest).toBe(digest);
    await skopeo("copy", "--preserve-digests", `${store}:v1`, `oci:${layout}:v1`);
    await skopeo(
      "copy",
      "--preserve-digests",
      "--dest-tls-verify=false",
      `oci:${layout}:v1`,
      `docker://${registry.host}/by/skopeo:1`,
    );
    expect(await engine.ok(["pull", `${registry.host}/by/skopeo:1`])).toContain(`Digest: ${digest}`);
    const archived = join(other.directory, "archive.tar");
    await skopeo("copy", "--src-tls-verify=false", `docker://${name}`, `docker-archive:${archived}:loaded:1`);
    await engine.ok(["load", "-i", archived]);
    expect(await engine.inspect("loaded:1", "{{.Id}}")).toBe(await engine.inspect(name, "{{.Id}}"));
  });
});
