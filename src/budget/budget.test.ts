import { describe, expect, test } from "bun:test";
import { type Holder, type Piece, planEvictions } from "./plan.ts";

/** `name kind day pieces [kept|dangling]` a line. */
function holders(text: string): Holder[] {
  return lines(text).map((line) => {
    const [key = "", kind = "", day = "", holds = "", note = ""] = line.split(/\s+/);
    return {
      key,
      kind: kind === "cache" || kind === "other" ? kind : "image",
      lastUsed: Number(day),
      holds: holds.split("+"),
      kept: note === "kept" ? "it is in use" : undefined,
      dangling: note === "dangling",
    };
  });
}

function pieces(text: string): Piece[] {
  return text.split(" ").map((one) => {
    const [key = "", bytes] = one.split("=");
    return { key, bytes: Number(bytes) };
  });
}

function lines(text: string): string[] {
  return text.split("\n").flatMap((line) => (line.trim() === "" ? [] : [line.trim()]));
}

/** What goes, with what it frees, then what is left. */
function plan(sizes: string, text: string, budget: number, least = 1): string {
  const { evictions, after } = planEvictions(pieces(sizes), holders(text), { budget, least });
  return [...evictions.map(({ key, bytes }) => `${key} ${bytes}`), `left ${after}`].join(", ");
}

describe("the plan of evictions", () => {
  const store = `
    old    image 1 base+a
    newer  image 5 base+b
    step   cache 3 base+c
    mine   image 0 base+d kept
    loose  image 9 e      dangling
  `;
  const sizes = "base=100 a=10 b=20 c=30 d=40 e=5";

  test("is empty while all fits", () => {
    expect(plan(sizes, store, 205)).toBe("left 205");
  });

  test("takes what has no name, then what was unused for longest, images and steps alike", () => {
    expect(plan(sizes, store, 204)).toBe("loose 5, left 200");
    expect(plan(sizes, store, 199)).toBe("loose 5, old 10, left 190");
    expect(plan(sizes, store, 180)).toBe("loose 5, old 10, step 30, left 160");
  });

  test("ends where only what must stay is left, and says how much that is", () => {
    expect(plan(sizes, store, 10)).toBe("loose 5, old 10, step 30, newer 20, left 140");
  });

  test("frees a shared piece with the last one that holds it", () => {
    expect(plan("base=100 a=1 b=1", "one image 1 base+a\ntwo image 2 base+b", 50)).toBe(
      "one 1, two 101, left 0",
    );
  });

  test("leaves what would free nothing", () => {
    const text = "twin image 1 base\nkeeper image 2 base kept\nother image 3 x";
    expect(plan("base=100 x=10", text, 105)).toBe("other 10, left 100");
  });

  test("leaves what would free next to nothing", () => {
    const text = "base image 1 shared+manifest\nchild image 2 shared+own";
    expect(plan("shared=100 manifest=1 own=50", text, 10, 5)).toBe("child 50, base 101, left 0");
    expect(plan("shared=100 manifest=1 own=50", text, 110, 5)).toBe("child 50, left 101");
  });

  test("takes the larger of two that were used last at the same moment", () => {
    expect(plan("a=1 b=9", "small image 1 a\nlarge image 1 b", 5)).toBe("large 9, left 1");
  });

  test("leaves pieces that nobody holds to whoever is about to", () => {
    expect(plan("arriving=50 a=1", "one image 1 a", 10)).toBe("one 1, left 50");
  });
});
