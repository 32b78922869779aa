import { expect, test } from "bun:test";
import { StepReport } from "./index.ts";

test("steps speak in order, the one at the head at once", () => {
  const said: string[] = [];
  const report = new StepReport((text) => said.push(text));
  report.write(1, "early ");
  report.begin(0, "Step 0 ");
  report.write(0, "a ");
  report.write(1, "more ");
  report.write(0, "b ");
  expect(said.join("")).toBe("Step 0 a b ");
  report.begin(1, "Step 1 ");
  report.write(1, "end");
  expect(said.join("")).toBe("Step 0 a b Step 1 early more end");
});

test("a step that ended everything is shown out of turn, once", () => {
  let said = "";
  const report = new StepReport((text) => {
    said += text;
  });
  report.begin(0, "Step 0 ");
  report.write(2, "broken ");
  report.reveal(2, "Step 2 ");
  report.reveal(0, "Step 0 ");
  expect(said).toBe("Step 0 Step 2 broken ");
});

test("a step that says too much before its turn is clipped", () => {
  let said = "";
  const report = new StepReport((text) => {
    said += text;
  });
  report.begin(0, "");
  for (let i = 0; i < 6; i += 1) report.write(1, "x".repeat(1024 * 1024));
  report.begin(1, "");
  report.write(1, "end");
  expect(said.length).toBe(4 * 1024 * 1024 + "\n[output clipped]\nend".length);
});
