import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { freePort, startEngine, type TestEngine } from "./harness.ts";
import { eventually } from "./process.ts";

let left: TestEngine;
let right: TestEngine;
beforeAll(async () => {
  [left, right] = await Promise.all([startEngine(), startEngine()]);
});
afterAll(async () => {
  await Promise.all([left[Symbol.asyncDispose](), right[Symbol.asyncDispose]()]);
});

const web = ["busybox", "sh", "-c", "mkdir /www; hostname > /www/index.html; exec httpd -f -p 80 -h /www"];
const fetchText = async (port: number): Promise<string | undefined> => {
  try {
    return (await (await fetch(`http://127.0.0.1:${port}/`, { keepalive: false })).text()).trim();
  } catch {
    return undefined;
  }
};

describe("two engines on one machine", () => {
  test("have the same names for different things", async () => {
    for (const engine of [left, right]) {
      await engine.ok(["network", "create", "shared-name"]);
      await engine.ok(["volume", "create", "shared-name"]);
      await engine.ok([
        "run",
        "-d",
        "--name",
        "twin",
        "--network",
        "shared-name",
        "-v",
        "shared-name:/v",
        ...web,
      ]);
      await engine.ok(["exec", "twin", "sh", "-c", "hostname > /v/owner"]);
    }
    for (const engine of [left, right]) {
      const name = await engine.inspect("twin", "{{.Config.Hostname}}");
      expect(await engine.ok(["exec", "twin", "cat", "/v/owner"])).toBe(name);
      expect(
        await engine.ok([
          "run",
          "--rm",
          "--network",
          "shared-name",
          "busybox",
          "wget",
          "-q",
          "-O",
          "-",
          "http://twin/",
        ]),
      ).toBe(name);
      expect((await engine.ok(["ps", "-q"])).split("\n")).toHaveLength(1);
    }
  });

  test("give out different addresses", async () => {
    const subnets = await Promise.all(
      [left, right].map((engine) =>
        engine.ok(["network", "inspect", "-f", "{{(index .IPAM.Config 0).Subnet}}", "bridge", "shared-name"]),
      ),
    );
    const all = subnets.flatMap((text) => text.split("\n"));
    expect(new Set(all).size).toBe(4);
  });

  test("publish ports next to each other, and refuse each other's", async () => {
    const ports = [freePort(), freePort()];
    for (const [index, engine] of [left, right].entries()) {
      await engine.ok(["run", "-d", "--name", "public", "-p", `${ports[index]}:80`, ...web]);
    }
    for (const [index, engine] of [left, right].entries()) {
      const text = await eventually("the page", () => fetchText(ports[index]!));
      expect(text).toBe(await engine.inspect("public", "{{.Config.Hostname}}"));
    }
    const refused = await right.docker([
      "run",
      "--name",
      "greedy",
      "-p",
      `${ports[0]}:80`,
      "busybox",
      "true",
    ]);
    expect(refused.code).toBe(125);
    expect(await fetchText(ports[0]!)).toBe(await left.inspect("public", "{{.Config.Hostname}}"));
  });

  test("one can be reset without the other noticing", async () => {
    const port = Number((await right.ok(["port", "public", "80"])).split("\n")[0]!.split(":").at(-1));
    const text = await fetchText(port);
    expect(text).toBeString();
    await left.kill9();
    expect((await left.reset()).code).toBe(0);
    expect(left.traces()).toEqual([]);
    expect(await fetchText(port)).toBe(text);
    expect(await right.ok(["exec", "twin", "wget", "-q", "-O", "-", "http://twin/"])).toBe(
      await right.inspect("twin", "{{.Config.Hostname}}"),
    );
  });
});

describe("a second engine on the same root", () => {
  test("is refused while the first one runs", async () => {
    const { code, stderr } = await right.gantry([
      ...["daemon", "--root", right.root, "--run-dir", `${right.runDirectory}-2`],
      ...["--host", `unix://${right.directory}/second.sock`, "--network-prefix", right.prefix],
    ]);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/already|in use|another/);
    expect(await right.ok(["ps", "-q"])).not.toBe("");
  });
});
