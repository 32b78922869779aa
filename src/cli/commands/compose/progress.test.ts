import { describe, expect, test } from "bun:test";
import { memoryOutput, type Output } from "../../output.ts";
import { openProgress } from "./progress.ts";

const start = { kind: "working", subject: "Container p-web-1", status: "Starting" } as const;
const done = { kind: "done", subject: "Container p-web-1", status: "Started" } as const;

function terminal(rows = 24): Output & { text(): string } {
  return { ...memoryOutput(), terminal: async () => ({ columns: 80, rows }) };
}

describe("progress", () => {
  test("is a line a change where nobody looks at a terminal", async () => {
    const output = memoryOutput();
    {
      await using progress = await openProgress(output, { mode: "auto" });
      progress.report(start);
      progress.report({ kind: "output", source: "web", text: "Step 1/2 : FROM a" });
      progress.report(done);
      progress.report({ kind: "failed", subject: "Container p-db-1", status: "Error", message: "no\nmore" });
    }
    expect(output.text()).toBe(
      " Container p-web-1  Starting\nweb | Step 1/2 : FROM a\n Container p-web-1  Started\n Container p-db-1  Error no\n",
    );
  });

  test("changes lines in place on a terminal, and leaves the last state", async () => {
    const output = terminal();
    {
      await using progress = await openProgress(output, { mode: "auto" });
      progress.report(start);
      progress.report(done);
    }
    const last = output.text().split("\x1b[J").at(-1) ?? "";
    expect(last).toContain("[+] Running 1/1\n");
    expect(last).toContain(" \x1b[32m✔\x1b[0m Container p-web-1  \x1b[32mStarted\x1b[0m  \x1b[34m0.");
  });

  test("shows at most as many lines as the terminal has, unfinished ones before finished ones", async () => {
    const output = terminal(5);
    {
      await using progress = await openProgress(output, { mode: "auto" });
      for (let n = 1; n <= 6; n += 1)
        progress.report({ ...(n < 4 ? done : start), subject: `Container ${n}` });
    }
    const last = output.text().split("\x1b[J").at(-1) ?? "";
    expect(last.match(/Container \d/g)).toEqual(["Container 4", "Container 5", "Container 6"]);
  });

  test("says nothing when quiet", async () => {
    const output = memoryOutput();
    await using progress = await openProgress(output, { mode: "quiet" });
    progress.report(start);
    expect(output.text()).toBe("");
  });
});
