import { expect, test } from "bun:test";
import { applyChanges } from "./changes.ts";

test("changes are applied in order to the config they are given", () => {
  const config = { Env: ["A=1"], OnBuild: ["RUN x"], Cmd: ["old"] };
  expect(
    applyChanges(config, ['CMD ["sh", "-c"]', "ENV B=2", "EXPOSE 80", "LABEL a=b", "USER me", "WORKDIR /w"]),
  ).toEqual({
    Env: ["A=1", "B=2"],
    OnBuild: ["RUN x"],
    Cmd: ["sh", "-c"],
    ExposedPorts: { "80/tcp": {} },
    Labels: { a: "b" },
    User: "me",
    WorkingDir: "/w",
  });
  expect(applyChanges(config, [])).toBe(config);
});

test("changes that would need a build are refused", () => {
  for (const line of ["RUN rm -rf /", "COPY a b", "FROM x", "", "ENV A=1\nRUN x"]) {
    expect(() => applyChanges({}, [line])).toThrow("is not a valid change command");
  }
});
