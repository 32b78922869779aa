import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { startEngine, type TestEngine } from "./harness.ts";

let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

const ctrl = (letter: string): string => String.fromCharCode(letter.charCodeAt(0) - 96);

for (const client of ["docker", "gantry"] as const) {
  const open = (args: string[], size: { columns: number; rows: number }) =>
    client === "docker" ? engine.terminal(args, size) : engine.gantryTerminal(args, size);

  describe(`${client} on a terminal`, () => {
    test("run -it has the terminal's size, follows a resize, and ends with the command's code", async () => {
      await using terminal = open(["run", "-it", "--rm", "busybox", "sh"], { columns: 91, rows: 33 });
      await terminal.until("# ");
      terminal.type("until [ \"$(stty size)\" = '33 91' ]; do sleep 0.05; done; echo first-$((1+1))\n");
      await terminal.until("first-2");
      terminal.resize({ columns: 123, rows: 45 });
      terminal.type("until [ \"$(stty size)\" = '45 123' ]; do sleep 0.05; done; echo second-$((1+1))\n");
      await terminal.until("second-2");
      terminal.type("exit 42\n");
      expect(await terminal.exited()).toBe(42);
    });

    test("exec -it does the same", async () => {
      await engine.ok(["run", "-d", "--name", `box-${client}`, "busybox", "sleep", "1000"]);
      await using terminal = open(["exec", "-it", `box-${client}`, "sh"], { columns: 66, rows: 22 });
      await terminal.until("# ");
      terminal.type("until [ \"$(stty size)\" = '22 66' ]; do sleep 0.05; done; echo first-$((1+1)); tty\n");
      await terminal.until("first-2");
      await terminal.until("/dev/pts/");
      terminal.resize({ columns: 100, rows: 30 });
      terminal.type("until [ \"$(stty size)\" = '30 100' ]; do sleep 0.05; done; echo second-$((1+1))\n");
      await terminal.until("second-2");
      terminal.type("exit 8\n");
      expect(await terminal.exited()).toBe(8);
      await engine.ok(["rm", "-f", `box-${client}`]);
    });

    test("start -ai takes the terminal over, unechoed and raw", async () => {
      const name = `again-${client}`;
      await engine.ok(["create", "-it", "--name", name, "busybox", "sh"]);
      await using terminal = open(["start", "-ai", name], { columns: 80, rows: 24 });
      await terminal.until("# ");
      terminal.type("echo raw-$((1+1)); exit 5\n");
      await terminal.until("raw-2");
      // What was typed is shown once: by the shell, and not by the terminal as well.
      expect(terminal.text.split("raw-$((1+1))")).toHaveLength(2);
      expect(await terminal.exited()).toBe(5);
      await engine.ok(["rm", name]);
    });

    test("ctrl-c interrupts what runs in the container", async () => {
      await using terminal = open(["run", "-it", "--rm", "busybox", "sh"], { columns: 80, rows: 24 });
      await terminal.until("# ");
      terminal.type("sh -c 'echo sleeps-$((1+1)); exec sleep 1000'; echo went-$((4+4))\n");
      await terminal.until("sleeps-2");
      const mark = terminal.mark();
      terminal.type(ctrl("c"));
      await terminal.until("# ", mark);
      terminal.type("echo alive-$((1+1)); exit 0\n");
      await terminal.until("alive-2");
      expect(terminal.text).not.toContain("went-8");
      expect(await terminal.exited()).toBe(0);
    });

    test("the detach keys let go of the container, and attach takes it up again", async () => {
      const name = `held-${client}`;
      const first = open(["run", "-it", "--name", name, "busybox", "sh"], { columns: 80, rows: 24 });
      await first.until("# ");
      first.type("kept=here\n");
      await first.until("kept=here");
      first.type(ctrl("p") + ctrl("q"));
      expect(await first.exited()).toBe(0);
      await first[Symbol.asyncDispose]();
      expect(await engine.inspect(name, "{{.State.Running}}")).toBe("true");

      await using second = open(["attach", "--detach-keys", "ctrl-x,x", name], { columns: 80, rows: 24 });
      second.type("echo still-$kept\n");
      await second.until("still-here");
      second.type(`${ctrl("x")}x`);
      // The docker command line ends with 1 and says so; what counts is that it lets go.
      await second.exited();
      expect(await engine.inspect(name, "{{.State.Running}}")).toBe("true");
      await engine.ok(["rm", "-f", name]);
    });
  });
}

describe("attach without a terminal", () => {
  test("shows what comes, gives input, and ends with the container's code", async () => {
    await engine.ok([
      "run",
      "-d",
      "-i",
      "--name",
      "line",
      "busybox",
      "sh",
      "-c",
      "while read l; do [ $l = quit ] && exit 3; echo got $l; done",
    ]);
    await using client = engine.follow(["attach", "line"]);
    await client.write("one\n");
    await client.until("got one");
    await client.write("two\n");
    await client.until("got two");
    await client.write("quit\n");
    expect(await client.exited()).toBe(3);
    await engine.ok(["rm", "line"]);
  });

  test("a client that is killed does not end the container", async () => {
    const client = engine.follow([
      "run",
      "-i",
      "--name",
      "orphan",
      "busybox",
      "sh",
      "-c",
      "echo up; cat; sleep 1000",
    ]);
    await client.until("up");
    await client[Symbol.asyncDispose]();
    expect(await engine.inspect("orphan", "{{.State.Running}}")).toBe("true");
    await engine.ok(["rm", "-f", "orphan"]);
  });
});
