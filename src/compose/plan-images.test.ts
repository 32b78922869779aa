import { describe, expect, test } from "bun:test";
import { projectOf } from "./fake-engine.test-data.ts";
import { formatPlan } from "./graph.ts";
import type { ObservedImage } from "./observe.ts";
import { type ImageOptions, planImages } from "./plan-images.ts";

async function plan(
  text: string,
  here: readonly string[],
  options: Partial<ImageOptions> = {},
): Promise<string> {
  const project = await projectOf(`services: {${text}}`);
  const images = new Map<string, ObservedImage>(
    here.map((name) => [name, { id: "sha256:1", healthcheck: false }]),
  );
  const services = [...project.services.values()];
  return formatPlan(planImages(project, images, { services, build: "missing", ...options }));
}

describe("images", () => {
  test("are built when missing or asked for, under the project's name or their own", async () => {
    const text = "web: {build: .}, api: {build: ., image: mine}";
    expect(await plan(text, [])).toBe(
      "#1 image:p-web, BuildImage p-web, no existing image\n#2 image:mine, BuildImage mine, no existing image\n",
    );
    expect(await plan(text, ["p-web", "mine"])).toBe("");
    expect(await plan(text, ["p-web"], { build: "always" })).toContain(
      "#1 image:p-web, BuildImage p-web, asked for",
    );
    expect(await plan("web: {build: ., pull_policy: build}", ["p-web"])).toContain("pull_policy is build");
  });

  test("are fetched once when missing", async () => {
    expect(await plan("a: {image: x}, b: {image: x}, c: {image: here}", ["here"])).toBe(
      "#1 image:x, PullImage x, no existing image\n",
    );
    expect(await plan("a: {image: x}", ["x"], { pull: "always" })).toContain("pull_policy is always");
  });

  test("that may be neither built nor fetched are missed by name", () => {
    expect(plan("web: {build: .}", [], { build: "never" })).rejects.toThrow(
      'service "web": no such image: p-web, and it is not to be built',
    );
    expect(plan("web: {image: x, pull_policy: never}", [])).rejects.toThrow(
      'service "web": no such image: x, and pull_policy is never',
    );
  });
});
