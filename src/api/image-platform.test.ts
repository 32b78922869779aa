import { expect, test } from "bun:test";
import { platformOf } from "./image-platform.ts";

test("a platform is read from words and from JSON, and none is none", () => {
  const arm = { os: "linux", architecture: "arm64" };
  expect(platformOf(null)).toBeUndefined();
  expect(platformOf("")).toBeUndefined();
  expect(platformOf("linux/arm64")).toEqual(arm);
  expect(platformOf('{"os":"linux","architecture":"arm64"}')).toEqual(arm);
  expect(platformOf('{"os":"linux","architecture":"arm64","variant":""}')).toEqual(arm);
  expect(platformOf('{"os":"linux","architecture":"arm","variant":"v6"}')).toEqual({
    os: "linux",
    architecture: "arm",
    variant: "v6",
  });
});

test("JSON that is cut short, or lacks a half, is refused in Docker's words", () => {
  expect(() => platformOf("{os")).toThrow("failed to parse platform: {os");
  for (const half of [
    '{"os":"linux"}',
    '{"architecture":"arm64"}',
    '{"os":"","architecture":"arm64"}',
    "{}",
  ]) {
    expect(() => platformOf(half)).toThrow("both OS and Architecture must be provided");
  }
});
