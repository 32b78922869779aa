import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { BuilderFixture, fates, replay } from "./builder.fixture.ts";

let fixture: BuilderFixture;
beforeAll(async () => {
  fixture = await BuilderFixture.open();
});
afterEach(async () => {
  expect(await fixture.remains()).toEqual([]);
});
afterAll(async () => await fixture[Symbol.asyncDispose]());

describe("the cache", () => {
  const dockerfile = `FROM base
ARG V=1
COPY src /src
RUN cat /src/a > /out
LABEL a=b
RUN echo $V > /v
`;
  const files = { "src/a": "one", "src/b": "two" };

  test("gives the same image when nothing changed, times of files apart", async () => {
    const first = await fixture.build(dockerfile, files);
    expect(fates(first.output)).toEqual(["done", "done", "done", "run", "done", "run"]);
    const second = await fixture.build(dockerfile, files, { tags: ["again"] });
    expect(fates(second.output)).toEqual(["done", "cached", "cached", "cached", "cached", "cached"]);
    expect(second.id).toBe(first.id);
  });

  test("reruns what stands on a changed file, and nothing before it", async () => {
    await fixture.build(dockerfile, files);
    const { output } = await fixture.build(
      dockerfile,
      { ...files, "src/a": "changed" },
      { tags: ["changed"] },
    );
    expect(fates(output)).toEqual(["done", "cached", "done", "run", "done", "run"]);
    expect((await fixture.files("changed")).out).toBe('644 0:0 "changed"');
  });

  test("reruns a command whose arguments changed, not one below a new label", async () => {
    await fixture.build(dockerfile, files);
    const argued = await fixture.build(dockerfile, files, { buildArgs: { V: "2" }, tags: ["argued"] });
    expect(fates(argued.output)).toEqual(["done", "done", "cached", "run", "done", "run"]);
    expect((await fixture.files("argued")).v).toBe('644 0:0 "2\\n"');
    const labelled = await fixture.build(dockerfile.replace("a=b", "a=c"), files);
    expect(fates(labelled.output)).toEqual(["done", "cached", "cached", "cached", "done", "cached"]);
  });

  test("is not asked with no-cache, and serves again afterwards", async () => {
    const first = await fixture.build(dockerfile, files);
    const fresh = await fixture.build(dockerfile, files, { noCache: true });
    expect(fates(fresh.output)).toEqual(["done", "done", "done", "run", "done", "run"]);
    expect(fresh.id).not.toBe(first.id);
    expect((await fixture.build(dockerfile, files)).id).toBe(fresh.id);
  });

  test("is not even needed for copies to give the same layers", async () => {
    const text =
      "FROM base\nWORKDIR /w/x\nCOPY src a.txt ./\nCOPY <<f /etc/\nx\nf\nFROM scratch\nCOPY --from=0 /w /w\n";
    const context = { ...files, "a.txt": "a", "src/deep/er": "x" };
    const archive: Uint8Array[] = [];
    for await (const chunk of fixture.context({ Dockerfile: text, ...context })) archive.push(chunk);
    const stacks = [];
    for (const target of ["0", "0", "1", "1"]) {
      const { id } = await fixture.build("", {}, { noCache: true, target, context: replay(archive) });
      stacks.push(fixture.services.images.get(id).config.rootfs.diff_ids);
    }
    expect(stacks[1]).toEqual(stacks[0]);
    expect(stacks[3]).toEqual(stacks[2]);
  });

  test("finds a copy from a stage by content when the stage was made anew", async () => {
    const text = (salt: string) => `FROM base AS made
RUN echo ${salt} && echo same > /result
FROM base
COPY --from=made /result /
RUN cat /result
`;
    const first = await fixture.build(text("x"));
    expect(fates(first.output)).toEqual(["done", "run", "done", "done", "run"]);
    const second = await fixture.build(text("y"));
    expect(fates(second.output)).toEqual(["done", "run", "done", "cached", "cached"]);
    expect(second.id).toBe(first.id);
  });

  test("lets two builds of the same run each step once", async () => {
    const text = "FROM base\nRUN echo together && sleep 0.2\n";
    const [one, two] = await Promise.all([fixture.build(text), fixture.build(text)]);
    expect([...fates(one.output), ...fates(two.output)].filter((fate) => fate === "run")).toEqual(["run"]);
    expect(one.id).toBe(two.id);
  });

  test("is forgotten by prune, what images use unless all of it", async () => {
    await fixture.build("FROM base\nRUN echo kept > /kept\n", {}, { tags: ["kept"] });
    await fixture.build("FROM base\nRUN echo lost > /lost\n", {}, { tags: ["lost"] });
    const options = { force: true, usedBy: () => [] };
    await fixture.services.images.remove("lost", options);
    const { caches, bytes } = await fixture.builder.prune({ all: false });
    expect(caches.length).toBeGreaterThan(0);
    expect(bytes).toBeGreaterThan(0);
    expect(fates((await fixture.build("FROM base\nRUN echo kept > /kept\n")).output)).toEqual([
      "done",
      "cached",
    ]);
    expect(fates((await fixture.build("FROM base\nRUN echo lost > /lost\n")).output)).toEqual([
      "done",
      "run",
    ]);
    await fixture.builder.prune({ all: true });
    expect(fixture.builder.roots()).toEqual({ chainIDs: new Set(), digests: new Set() });
    await fixture.services.images.collect(fixture.builder.roots());
    expect(fates((await fixture.build("FROM base\nRUN echo kept > /kept\n")).output)).toEqual([
      "done",
      "run",
    ]);
  });
});
