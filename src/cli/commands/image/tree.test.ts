import { expect, test } from "bun:test";
import type { ImageHistoryItem } from "../../../wire/index.ts";
import { drawForest } from "./draw-forest.ts";
import { buildForest, type ImageStack } from "./layer-forest.ts";
import { layersOf } from "./layers-of.ts";

const layer = (diffID: string, size: number, createdBy = diffID) => ({ diffID, size, createdBy });
const [base, runtime] = [layer("base", 4_000_000), layer("runtime", 90_000_000)];
const stacks: readonly ImageStack[] = [
  { id: "sha256:1", names: ["base:1"], layers: [base] },
  { id: "sha256:2", names: ["app:1"], layers: [base, runtime, layer("app one", 1000)] },
  { id: "sha256:3333333333333333", names: [], layers: [base, runtime, layer("app two", 2000)] },
];

test("images are joined at the layers that they share", () => {
  const { roots, totals } = buildForest(stacks);
  expect(roots).toHaveLength(1);
  expect(roots[0]).toMatchObject({ users: 3, above: [{ users: 2, above: [{ users: 1 }, { users: 1 }] }] });
  expect(totals).toEqual({ imageCount: 3, layerCount: 4, uniqueSize: 94_003_000, sumSize: 192_003_000 });
});

test("a layer that lies upon another one is not the same layer", () => {
  const { totals } = buildForest([
    { id: "a", names: [], layers: [layer("x", 1), layer("y", 2)] },
    { id: "b", names: [], layers: [layer("y", 2)] },
  ]);
  expect(totals.layerCount).toBe(3);
});

test("the tree shows sizes, steps, sharing and names", () => {
  expect(drawForest(buildForest(stacks), { colours: false, columns: 80 })).toBe(
    [
      "■        4MB  base                   shared by 3   base:1",
      "■       90MB  runtime                shared by 2",
      "├─■      1kB  app one                              app:1",
      "└─■      2kB  app two                              <none> 333333333333",
      "",
      "3 images, 4 layers: 94MB stored, 192MB in all images together; sharing saves 98MB (51%)",
      "",
    ].join("\n"),
  );
});

const item = (CreatedBy: string, Size: number): ImageHistoryItem => ({
  Id: "",
  Created: 0,
  CreatedBy,
  Tags: null,
  Size,
  Comment: "",
});
const image = (Layers: string[]) => ({ RootFS: { Type: "layers" as const, Layers }, Size: 7 });

test("steps that only set a value are no layers", () => {
  const history = [item('CMD ["x"]', 0), item("COPY a /", 5), item("ENV A=1", 0), item("/bin/sh -c make", 2)];
  expect(layersOf(image(["d1", "d2"]), history)).toEqual([
    layer("d1", 2, "RUN make"),
    layer("d2", 5, "COPY a /"),
  ]);
});

test("where the history does not match, the sum alone is known", () => {
  expect(layersOf(image(["d1", "d2"]), [item("x", 1)])).toEqual([layer("d1", 0, ""), layer("d2", 7, "")]);
});
