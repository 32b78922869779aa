import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Act, lifeActs, policyActs, type Stage } from "./acts.ts";
import { Api } from "./api.ts";
import { freePort, startEngine } from "./harness.ts";
import { expectTruePicture } from "./picture.ts";

/*
 * An engine is killed at the durable steps of every operation: a journey is played once and its steps are recorded,
 * then again and again, with one kill an operation. The next engine must show the truth, and the operation, repeated
 * when it had not happened, must lead where it always does. A step that several operations share is one kill point,
 * unless it is the writing of a record, whose meaning is the operation's. With GANTRY_FAULTS=all every step of every
 * operation is one: some 350 kills, which take minutes.
 */

const all = process.env.GANTRY_FAULTS === "all";
const stages: Stage[] = [];
beforeAll(async () => {
  const engines = await Promise.all([startEngine({ steps: true }), startEngine({ steps: true })]);
  stages.push(
    ...engines.map((engine) => ({ engine, api: new Api(engine.socket), port: freePort(), before: 0 })),
  );
});
afterAll(async () => {
  for (const { engine } of stages) await engine[Symbol.asyncDispose]();
});

/** Plays an act undisturbed; resolves to the steps that it passed. */
async function playThrough(stage: Stage, act: Act): Promise<string[]> {
  stage.engine.steps.take();
  await act.act(stage);
  await expectHappened(stage, act, "undisturbed");
  return stage.engine.steps.take();
}

/** Plays an act with a kill at its `nth` step. An act that passes fewer this time must simply have happened. */
async function playKilled(stage: Stage, act: Act, nth: number): Promise<string | undefined> {
  const { engine } = stage;
  engine.steps.take();
  engine.steps.killAt("*", nth);
  await act.act(stage);
  if (engine.steps.spare()) {
    await expectHappened(stage, act, "undisturbed");
    return undefined;
  }
  await engine.ended();
  const step = engine.steps.take().at(-1) ?? "";
  const where = `killed at ${step} (step ${nth})`;
  await engine.start();
  await expectTruePicture(engine, `after ${act.name}, ${where}`);
  if (!(await act.happened(stage))) await act.act(stage);
  await expectHappened(stage, act, where);
  await expectTruePicture(engine, `after ${act.name}, ${where}, completed`);
  return `${act.name}: ${step}`;
}

async function expectHappened(stage: Stage, act: Act, where: string): Promise<void> {
  if (await act.happened(stage)) return;
  throw new Error(
    `Has not happened: ${act.name}, ${where}\nthe engine's log:\n${stage.engine.log.slice(-2000)}`,
  );
}

/** At which steps of an act to kill, counted from 1: those that no act before had. */
function killPoints(act: Act, steps: readonly string[], had: Set<string>): number[] {
  return steps.flatMap((step, at) => {
    const key = all ? `${act.name} ${at}` : /:(put|removed)$/.test(step) ? `${act.name} ${step}` : step;
    if (had.has(key)) return [];
    had.add(key);
    return [at + 1];
  });
}

/** Plays a journey until the engine was killed at all of its points; resolves to those. */
async function playJourney(stage: Stage, acts: readonly Act[]): Promise<string[]> {
  const had = new Set<string>();
  const plan: { act: Act; points: number[] }[] = [];
  for (const act of acts) plan.push({ act, points: killPoints(act, await playThrough(stage, act), had) });
  const killed: string[] = [];
  while (plan.some(({ points }) => points.length > 0)) {
    for (const { act, points } of plan) {
      const nth = points.shift();
      const point = nth === undefined ? undefined : await playKilled(stage, act, nth);
      if (nth === undefined) await playThrough(stage, act);
      if (point !== undefined) killed.push(point);
    }
  }
  return killed;
}

test("a kill at any step of an operation leaves a true picture and nothing behind, and it can be completed", async () => {
  const [first, second] = stages;
  const killed = await Promise.all([playJourney(first!, lifeActs), playJourney(second!, policyActs)]);
  expect(new Set(killed.flat()).size).toBeGreaterThan(60);
}, 900_000);
