import { expect, test } from "bun:test";
import { toTimestamp } from "./timestamp.ts";

const now = Date.parse("2024-05-01T12:00:00Z");

test.each([
  ["1714564800", "1714564800"],
  ["1714564800.5", "1714564800.5"],
  ["10m", "1714564200.000000000"],
  ["1h30m", "1714559400.000000000"],
  ["2024-05-01T11:00:00Z", "1714561200.000000000"],
  ["2024-05-01T11:00:00.123456789Z", "1714561200.123456789"],
  ["2024-05-01T13:00:00+02:00", "1714561200.000000000"],
  ["yesterday", "yesterday"],
])("%s becomes what the engine reads", (text, wanted) => {
  expect(toTimestamp(text, now)).toBe(wanted);
});
