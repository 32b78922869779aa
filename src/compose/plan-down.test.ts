import { describe, expect, test } from "bun:test";
import { FakeEngine, projectOf } from "./fake-engine.test-data.ts";
import { formatPlan } from "./graph.ts";
import { type DownOptions, planDown } from "./plan-down.ts";
import { planLife } from "./plan-life.ts";
import { planUp } from "./plan-up.ts";

const text =
  "services: {web: {image: a, depends_on: [db]}, db: {image: b, volumes: ['d:/d']}}\nvolumes: {d: }";

async function running(file = text): Promise<FakeEngine> {
  const engine = new FakeEngine();
  engine.apply(planUp(await projectOf(file), engine.observed()));
  return engine;
}

async function down(engine: FakeEngine, options: DownOptions = {}): Promise<string> {
  return `\n${formatPlan(planDown("p", engine.observed(), { ...options, project: await projectOf(text) }))}`;
}

describe("down", () => {
  test("removes dependents before what they need, then networks; volumes stay", async () => {
    expect(await down(await running())).toBe(`
#1 service:web:1, StopContainer p-web-1, down
[1] -> #2 service:web:1, RemoveContainer p-web-1, down
[2] -> #3 service:db:1, StopContainer p-db-1, down
[3] -> #4 service:db:1, RemoveContainer p-db-1, down
[2,4] -> #5 network:default, RemoveNetwork p_default, down
`);
  });

  test("removes volumes and images when asked", async () => {
    const plan = await down(await running(), { volumes: true, images: "all" });
    expect(plan).toContain("volume:d, RemoveVolume p_d, down");
    expect(plan).toContain("image:a, RemoveImage a, down");
    expect(await down(await running(), { images: "local" })).not.toContain("RemoveImage");
  });

  test("leaves orphans, with a warning, unless told otherwise", async () => {
    const engine = await running(text.replace("web:", "old:"));
    const plan = planDown("p", engine.observed(), { project: await projectOf(text) });
    expect(plan.warnings[0]).toContain("p-old-1");
    expect(formatPlan(plan)).not.toContain("p-old-1");
    expect(await down(engine, { removeOrphans: true })).toContain("RemoveContainer p-old-1");
  });

  test("needs no file: labels say what belongs to the project", async () => {
    const engine = await running();
    engine.apply(planDown("p", engine.observed(), { volumes: true }));
    const left = engine.observed();
    expect([left.containers.length, left.networks.size, left.volumes.size]).toEqual([0, 0, 0]);
  });

  test("of some services leaves networks", async () => {
    expect(await down(await running(), { services: ["web"] })).toBe(`
#1 service:web:1, StopContainer p-web-1, down
[1] -> #2 service:web:1, RemoveContainer p-web-1, down
`);
  });
});

describe("verbs on what is there", () => {
  test("stop takes dependents first, start takes them last", async () => {
    const engine = await running();
    const stop = planLife({ verb: "stop" }, engine.observed().containers);
    expect(`\n${formatPlan(stop)}`).toBe(`
#1 service:web:1, StopContainer p-web-1, stop
[1] -> #2 service:db:1, StopContainer p-db-1, stop
`);
    engine.apply(stop);
    expect(`\n${formatPlan(planLife({ verb: "start" }, engine.observed().containers))}`).toBe(`
#1 service:db:1, StartContainer p-db-1, start
[1] -> #2 service:web:1, StartContainer p-web-1, start
`);
  });

  test("pass over containers that they do not concern", async () => {
    const engine = await running();
    expect(formatPlan(planLife({ verb: "unpause" }, engine.observed().containers))).toBe("");
    expect(formatPlan(planLife({ verb: "remove", volumes: false }, engine.observed().containers))).toBe("");
  });
});
