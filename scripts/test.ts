import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sweepEngines } from "../test/e2e/sweep.ts";
import { checkSuites, finish, type Outcome, runSuites, testSuite } from "./suites.ts";

// Every engine of the end-to-end tests is noted here, so that what a killed test leaves is found and removed.
const registry = mkdtempSync(join(tmpdir(), "gantry-engines-"));
const scenarios = testSuite("end to end", ["./test/e2e"], 3, 120);

const outcome = await runSuites([
  ...checkSuites,
  { ...scenarios, environment: { GANTRY_TEST_ENGINES: registry } },
]);
const swept = await sweepEngines(registry);
rmSync(registry, { recursive: true, force: true });
for (const line of swept) process.stdout.write(`left behind by a test: ${line}\n`);
const clean: Outcome = { passed: swept.length === 0 ? 1 : 0, failed: swept.length === 0 ? 0 : 1, skipped: 0 };
process.stdout.write(`clean machine      ${clean.passed} passed\n`);
finish({
  passed: outcome.passed + clean.passed,
  failed: outcome.failed + clean.failed,
  skipped: outcome.skipped,
});
