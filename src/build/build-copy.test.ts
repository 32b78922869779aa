import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { readTreeFile } from "../snapshot/index.ts";
import { BuilderFixture, failure } from "./builder.fixture.ts";
import { DockerfileError } from "./index.ts";

let fixture: BuilderFixture;
beforeAll(async () => {
  fixture = await BuilderFixture.open();
});
afterEach(async () => {
  expect(await fixture.remains()).toEqual([]);
});
afterAll(async () => await fixture[Symbol.asyncDispose]());

describe("COPY and ADD", () => {
  const files = { "a.txt": "a", "b.txt": "b", "dir/c.md": "c", "dir/deep/d.txt": "d", "dir/link": "-> c.md" };

  async function copied(
    lines: string,
    more: Parameters<typeof fixture.build>[1] = {},
  ): Promise<Record<string, string>> {
    const { id } = await fixture.build(`FROM scratch\n${lines}\n`, { ...files, ...more });
    return await fixture.files(id);
  }

  test("a file becomes the destination, or goes into a directory", async () => {
    expect(await copied("COPY a.txt /x/y\nCOPY b.txt /x/\nCOPY a.txt /x")).toEqual({
      x: "directory 755 0:0",
      "x/a.txt": '644 0:0 "a"',
      "x/b.txt": '644 0:0 "b"',
      "x/y": '644 0:0 "a"',
    });
  });

  test("a directory's content is copied, links stay links, patterns match", async () => {
    expect(await copied("COPY dir /d\nCOPY *.txt dir/*.md /all/")).toEqual({
      all: "directory 755 0:0",
      "all/a.txt": '644 0:0 "a"',
      "all/b.txt": '644 0:0 "b"',
      "all/c.md": '644 0:0 "c"',
      d: "directory 755 0:0",
      "d/c.md": '644 0:0 "c"',
      "d/deep": "directory 755 0:0",
      "d/deep/d.txt": '644 0:0 "d"',
      "d/link": "symlink 777 0:0 c.md",
    });
  });

  test("sources stay in the context, whatever links and dots say", async () => {
    const hostile = { out: "-> ../../../../../../etc/passwd", abs: "-> /etc/passwd", "etc/passwd": "inside" };
    expect(await copied("COPY ../../../a.txt abs /x/", hostile)).toEqual({
      x: "directory 755 0:0",
      "x/a.txt": '644 0:0 "a"',
      "x/abs": '644 0:0 "inside"',
    });
    expect(await copied("COPY out /", { out: hostile.out, "etc/passwd": "inside" })).toEqual({
      out: '644 0:0 "inside"',
    });
    const error = await failure(fixture.build("FROM scratch\nCOPY out /\n", { out: hostile.out }));
    expect(error.message).toContain(
      "COPY failed: file not found in build context or excluded by .dockerignore: stat out: file does not exist",
    );
  });

  test("owners are resolved in the image, modes may be changed, patterns left out", async () => {
    const { id } = await fixture.build(
      "FROM base\nCOPY --chown=me --chmod=0640 --exclude=*.txt a.txt dir /new/\nCOPY --chown=me:staff b.txt /new/b\nCOPY --chown=9 b.txt /new/9\n",
      files,
    );
    expect(await fixture.files(id, "/new")).toEqual({
      "9": '644 9:9 "b"',
      b: '644 1000:50 "b"',
      "c.md": '640 1000:1001 "c"',
      deep: "directory 640 1000:1001",
      "deep/d.txt": '640 1000:1001 "d"',
      link: "symlink 777 1000:1001 c.md",
    });
    const error = await failure(fixture.build("FROM base\nCOPY --chown=nobody a.txt /\n", files));
    expect(error).toBeInstanceOf(DockerfileError);
    expect(error.message).toContain("unable to find user nobody");
    expect(error.message).toContain("Dockerfile:2:1");
  });

  test("what the ignore file excludes is not there", async () => {
    const ignoring = { ".dockerignore": "*.txt\n!b.txt\ndir/*\n!dir/c.md\nDockerfile\n.dockerignore\n" };
    expect(await copied("COPY . /", ignoring)).toEqual({
      "b.txt": '644 0:0 "b"',
      dir: "directory 755 0:0",
      "dir/c.md": '644 0:0 "c"',
    });
    const error = await failure(fixture.build("FROM scratch\nCOPY a.txt /\n", { ...files, ...ignoring }));
    expect(error.message).toContain("excluded by .dockerignore: stat a.txt: file does not exist");
    const other = { ...files, ".dockerignore": "*", "other/x.Dockerfile": "FROM scratch\nCOPY *.txt /\n" };
    const special = { ...other, "other/x.Dockerfile.dockerignore": "a.txt" };
    const { id } = await fixture.build("", special, { dockerfile: "other/x.Dockerfile" });
    expect(await fixture.files(id)).toEqual({ "b.txt": '644 0:0 "b"' });
  });

  test("links in the way to the destination are followed inside the image", async () => {
    const { id } = await fixture.build(
      "FROM base\nRUN mkdir -p /usr/lib && /bin/busybox ln -s usr/lib /lib && /bin/busybox ln -s /lib/x /x\nCOPY a.txt /lib/\nCOPY dir /x/\n",
      files,
    );
    const found = await fixture.files(id);
    expect(found.lib).toBe("symlink 777 0:0 usr/lib");
    expect(found["usr/lib/a.txt"]).toBe('644 0:0 "a"');
    expect(found.x).toBe("symlink 777 0:0 /lib/x");
    expect(found["usr/lib/x/c.md"]).toBe('644 0:0 "c"');
  });

  test("hard links of a stage stay together", async () => {
    const { id } = await fixture.build(
      "FROM base AS made\nRUN mkdir /h && echo x > /h/a && /bin/busybox ln /h/a /h/b\nFROM scratch\nCOPY --from=made /h /deep/h\n",
    );
    const found = await fixture.files(id);
    expect(found["deep/h/a"]).toBe('644 0:0 "x\\n"');
    expect(found["deep/h/b"]).toBe("link 644 0:0 top/deep/h/a");
  });

  test("a copy of the whole context is the same whatever was ignored on the way", async () => {
    const text = "FROM scratch\nCOPY . /new/\n";
    const stacks = [];
    for (const extra of [{}, { "dir/ignored": "1" }, { "dir/ignored": "2", ignored: "3" }]) {
      const context = { ...files, ".dockerignore": "**/ignored\nDockerfile", ...extra };
      const { id } = await fixture.build(text, context, { noCache: true });
      stacks.push(Object.keys(await fixture.files(id)));
    }
    expect(stacks[1]).toEqual(stacks[0] ?? []);
    expect(stacks[2]).toEqual(stacks[0] ?? []);
  });

  test("heredocs become files", async () => {
    expect(await copied('ARG N=world\nCOPY <<hello <<"raw" /f/\nhi $N\nhello\n$N\nraw')).toEqual({
      f: "directory 755 0:0",
      "f/hello": '644 0:0 "hi world\\n"',
      "f/raw": '644 0:0 "$N\\n"',
    });
  });

  test("ADD extracts archives by content and copies everything else", async () => {
    const make = `FROM base
RUN mkdir /in && echo x > /in/x && /bin/busybox tar -cf /plain -C /in . && /bin/busybox tar -czf /packed -C /in .
`;
    await fixture.build(make, {}, { tags: ["archives"] });
    const { chainID } = fixture.services.images.get("archives");
    const mounts = chainID ? await fixture.services.snapshots.view(chainID) : [];
    const archives: Record<string, Uint8Array> = {};
    for (const name of ["plain", "packed"]) {
      const bytes = await readTreeFile(mounts, `/${name}`);
      if (bytes) archives[name] = bytes;
    }
    const text = "FROM scratch\nADD plain /p/\nADD packed /q\nADD a.txt noise.gz /r/\n";
    const { id } = await fixture.build(text, { ...files, ...archives, "noise.gz": "no gzip" });
    const found = await fixture.files(id);
    expect(found["p/x"]).toBe('644 0:0 "x\\n"');
    expect(found["q/x"]).toBe('644 0:0 "x\\n"');
    expect(found["r/noise.gz"]).toBe('644 0:0 "no gzip"');
    const { id: copied } = await fixture.build("FROM scratch\nCOPY packed /q/\n", { ...files, ...archives });
    expect(Object.keys(await fixture.files(copied))).toEqual(["q", "q/packed"]);
  });

  test("a directory never takes the place of something else", async () => {
    const error = await failure(fixture.build("FROM base\nCOPY dir /bin/sh\n", files));
    expect(error.message).toContain("cannot copy to non-directory: /bin/sh");
    const other = await failure(fixture.build("FROM base\nCOPY dir /\n", { "dir/bin": "x" }));
    expect(other.message).toContain("cannot overwrite directory");
  });
});
