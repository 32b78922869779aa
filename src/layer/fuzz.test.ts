import { beforeAll, expect, test } from "bun:test";
import { sampleTrials } from "./fuzz.fixture.ts";
import { buildFuzzHelper, tryArchives } from "./fuzz-helper.fixture.ts";

beforeAll(buildFuzzHelper, 120_000);

test("archives of every kind of badness break no rule of the helper", async () => {
  const trials = sampleTrials(Date.now() % 1_000_000, 500);
  const { violation, taken, refused } = await tryArchives(trials);
  const bytes = violation && Buffer.from(trials[violation.index]?.bytes ?? []).toString("base64");
  expect({ report: violation?.report, bytes }).toEqual({ report: undefined, bytes: undefined });
  // A run in which all is refused, or all is taken, tries nothing.
  expect([taken > 50, refused > 50]).toEqual([true, true]);
}, 120_000);
