import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { BuilderFixture } from "./builder.fixture.ts";

let fixture: BuilderFixture;
beforeAll(async () => {
  fixture = await BuilderFixture.open();
});
afterEach(async () => {
  expect(await fixture.remains()).toEqual([]);
});
afterAll(async () => await fixture[Symbol.asyncDispose]());

/** Output with everything that differs from run to run replaced. */
function plain(output: string): string {
  return output.replace(/\b[0-9a-f]{12}\b/g, "<id>");
}

describe("a build", () => {
  test("runs commands, copies files and says so in the classic words", async () => {
    const dockerfile = `FROM base
ENV GREETING=hello
WORKDIR /app
COPY a.txt sub/ ./
RUN echo $GREETING > said && cat said
CMD ["cat", "said"]
`;
    const files = { "a.txt": "a", "sub/b.txt": { text: "b", mode: 0o600 } };
    const { id, output } = await fixture.build(dockerfile, files, { tags: ["Me".toLowerCase(), "me:2"] });
    expect(plain(output)).toBe(`Step 1/6 : FROM base
 ---> <id>
Step 2/6 : ENV GREETING=hello
 ---> <id>
Step 3/6 : WORKDIR /app
 ---> <id>
Step 4/6 : COPY a.txt sub/ ./
 ---> <id>
Step 5/6 : RUN echo $GREETING > said && cat said
 ---> Running in <id>
hello
 ---> Removed intermediate container <id>
 ---> <id>
Step 6/6 : CMD ["cat", "said"]
 ---> <id>
Successfully built <id>
Successfully tagged me:latest
Successfully tagged me:2
`);
    const image = fixture.services.images.get("me");
    expect(image.id).toBe(fixture.services.images.get("me:2").id);
    expect(String(image.id)).toBe(id);
    expect(image.config.config).toEqual({
      Cmd: ["cat", "said"],
      Env: ["PATH=/bin", "GREETING=hello"],
      WorkingDir: "/app",
    });
    expect(await fixture.files("me", "/app")).toEqual({
      "a.txt": '644 0:0 "a"',
      "b.txt": '600 0:0 "b"',
      said: '644 0:0 "hello\\n"',
    });
    expect((await fixture.layerNames("me")).map((names) => names.filter((name) => name !== "."))).toEqual([
      ["app"],
      ["app", "app/a.txt", "app/b.txt"],
      ["app", "app/said"],
    ]);
    const history = image.config.history
      ?.slice(-5)
      .map((entry) => [entry.created_by, entry.empty_layer ?? false]);
    expect(history).toEqual([
      ["ENV GREETING=hello", true],
      ["WORKDIR /app", false],
      ["COPY a.txt sub/ ./", false],
      ["RUN /bin/sh -c echo $GREETING > said && cat said", false],
      ['CMD ["cat" "said"]', true],
    ]);
  });
});
