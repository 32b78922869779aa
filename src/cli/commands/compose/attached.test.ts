import { expect, test } from "bun:test";
import type { Client } from "../../../client/index.ts";
import { label } from "../../../compose/index.ts";
import { type ContainerSummary, type EventMessage, streamNumber } from "../../../wire/index.ts";
import { memoryOutput } from "../../output.ts";
import { showAttached } from "./attached.ts";
import { createLogPrinter } from "./log-printer.ts";

/** What a container of the test does, run by run: what it writes, and whether the engine starts it again. */
interface Script {
  readonly runs: readonly { readonly text: string; readonly code: number; readonly again?: boolean }[];
}

class FakeClient {
  readonly asked: object[] = [];
  readonly #scripts: Readonly<Record<string, Script>>;
  readonly #run = new Map<string, number>();
  readonly #started = Promise.withResolvers<string>();

  constructor(scripts: Readonly<Record<string, Script>>) {
    this.#scripts = scripts;
  }

  readonly containers = {
    list: async () => Object.keys(this.#scripts).map(summary),
    logs: (id: string, options: object) => this.#logs(id, options),
    wait: async (id: string) => ({ StatusCode: this.#current(id)?.code ?? 0 }),
    inspect: async (id: string) => {
      const again = this.#current(id)?.again ?? false;
      this.#run.set(id, (this.#run.get(id) ?? 0) + 1);
      // The engine starts it again a moment later, and says so.
      if (again) this.#started.resolve(id);
      return { State: { Restarting: again, Running: again, FinishedAt: "T" } };
    },
  };

  async *events(): AsyncGenerator<EventMessage> {
    const ID = await this.#started.promise;
    const base = { Type: "container", Action: "start", scope: "local", time: 0, timeNano: 0 } as const;
    yield { ...base, Actor: { ID, Attributes: {} } };
    await new Promise(() => undefined);
  }

  #current(id: string) {
    return this.#scripts[id]?.runs[this.#run.get(id) ?? 0];
  }

  async *#logs(id: string, options: object) {
    this.asked.push(options);
    yield { stream: streamNumber.stdout, payload: Buffer.from(this.#current(id)?.text ?? "") };
  }
}

function summary(id: string): Partial<ContainerSummary> {
  const labels = { [label.project]: "p", [label.service]: id, [label.number]: "1" };
  return { Id: id, Names: [`/p-${id}-1`], Labels: labels, State: "running", Mounts: [] };
}

async function show(client: FakeClient, options: { shown?: readonly string[] } = {}) {
  const out = memoryOutput();
  const ended: [string, number][] = [];
  const services = new Set(["a", "b"]);
  await showAttached(client.events(), {
    client: client as unknown as Client,
    project: "p",
    services,
    printer: createLogPrinter(out, { coloured: false, prefixed: true }),
    shown: new Set(options.shown ?? services),
    begin: () => ({}),
    signal: new AbortController().signal,
    ended: ({ service }, code) => ended.push([service, code]),
  });
  return { text: out.text(), ended };
}

test("attached output goes on until every container has ended", async () => {
  const client = new FakeClient({
    a: { runs: [{ text: "one\ntwo", code: 0 }] },
    b: { runs: [{ text: "", code: 3 }] },
  });
  const { text, ended } = await show(client);
  expect(text.split("\n").sort()).toEqual([
    "",
    "a-1  | exited with code 0",
    "a-1  | one",
    "a-1  | two",
    "b-1  | exited with code 3",
  ]);
  expect(ended.sort()).toEqual([
    ["a", 0],
    ["b", 3],
  ]);
});

test("attached output takes up a container that the engine starts again where it ended", async () => {
  const client = new FakeClient({
    a: {
      runs: [
        { text: "first\n", code: 1, again: true },
        { text: "second\n", code: 0 },
      ],
    },
  });
  const { text } = await show(client);
  expect(text.split("\n")).toEqual([
    "a-1  | first",
    "a-1  | exited with code 1",
    "a-1  | second",
    "a-1  | exited with code 0",
    "",
  ]);
  expect(client.asked[1]).toMatchObject({ since: "T" });
});

test("attached output leaves out services that are not to be shown, and waits for them all the same", async () => {
  const client = new FakeClient({
    a: { runs: [{ text: "x\n", code: 0 }] },
    b: { runs: [{ text: "hidden\n", code: 2 }] },
  });
  const { text, ended } = await show(client, { shown: ["a"] });
  expect(text).not.toContain("b-1");
  expect(ended).toContainEqual(["b", 2]);
});
