import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort, startEngine, type TestEngine, writeFiles } from "./harness.ts";
import { eventually, type Output } from "./process.ts";

let engine: TestEngine;
let directory: string;
let port: number;
beforeAll(async () => {
  engine = await startEngine();
  port = freePort();
  directory = join(engine.directory, "shop");
  mkdirSync(directory);
  writeFiles(directory, {
    "compose.yaml": composeFile,
    ".env": `PORT=${port}\n`,
    "web/Dockerfile": 'FROM busybox\nCOPY start.sh /\nCOPY text /text\nCMD ["sh", "/start.sh"]\n',
    "web/start.sh": "mkdir /www; (hostname; cat /text) > /www/index.html; exec httpd -f -p 80 -h /www\n",
    "web/text": "first\n",
  });
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

const composeFile = `
services:
  web:
    build: web
    ports: ["\${PORT:?a port is needed}:80"]
    environment:
      GREETING: hello
    depends_on: [store]
    networks: [inner]
    deploy:
      replicas: 3
    stop_grace_period: 0s
  store:
    image: busybox
    command: ["sh", "-c", "touch /data/used; echo the store is up; exec sleep 1000"]
    volumes: ["data:/data"]
    networks: [inner]
    stop_grace_period: 0s
networks:
  inner:
volumes:
  data:
`;

const compose = (...args: string[]): Promise<Output> =>
  engine.gantry(["compose", ...args], { cwd: directory });
async function composeOk(...args: string[]): Promise<string> {
  const { stdout, stderr, code } = await compose(...args);
  expect(code, `${stdout}${stderr}`).toBe(0);
  return stdout.trim();
}
const ids = async (service: string): Promise<string[]> =>
  (await engine.ok(["ps", "-q", "--no-trunc", "--filter", `label=com.docker.compose.service=${service}`]))
    .split("\n")
    .filter((id) => id !== "")
    .sort();

/** Asks until as many different replicas have answered as are expected, and gives what each said. */
async function replicas(expected: number): Promise<Map<string, string>> {
  const answers = new Map<string, string>();
  await eventually(`${expected} replicas to answer`, async () => {
    try {
      const response = await fetch(`http://127.0.0.1:${port}/`, {
        keepalive: false,
        signal: AbortSignal.timeout(2000),
      });
      const [name, text] = (await response.text()).split("\n");
      answers.set(name ?? "", text ?? "");
    } catch {
      // not up yet
    }
    return answers.size >= expected ? true : undefined;
  });
  return answers;
}

describe("compose", () => {
  test("config shows the whole model, with variables put in", async () => {
    const text = await composeOk("config");
    expect(text).toContain("name: shop");
    expect(text).toContain(String(port));
    expect(text).not.toContain("${PORT");
    const missing = await engine.gantry(
      ["compose", "-f", "compose.yaml", "--env-file", "/dev/null", "config"],
      { cwd: directory },
    );
    expect(missing.code).not.toBe(0);
    expect(missing.stderr).toContain("a port is needed");
  });

  test("up builds and starts everything; one port leads to three replicas", async () => {
    await composeOk("up", "-d");
    expect(await ids("web")).toHaveLength(3);
    const answers = await replicas(3);
    const names = await Promise.all(
      (await ids("web")).map((id) => engine.inspect(id, "{{.Config.Hostname}}")),
    );
    expect([...answers.keys()].sort()).toEqual(names.sort());
    expect((await engine.ok(["ps", "--format", "{{.Names}}"])).split("\n").sort()).toEqual([
      "shop-store-1",
      "shop-web-1",
      "shop-web-2",
      "shop-web-3",
    ]);
    expect(
      await engine.ok([
        "exec",
        "shop-web-2",
        "sh",
        "-c",
        "echo $GREETING; ping -c 1 -W 2 store > /dev/null && echo reached",
      ]),
    ).toBe("hello\nreached");
    expect(await engine.ok(["volume", "ls", "-q"])).toBe("shop_data");
  });

  test("ps and logs tell of the project", async () => {
    const listed = await composeOk("ps");
    for (const name of ["shop-store-1", "shop-web-1", "shop-web-2", "shop-web-3"])
      expect(listed).toContain(name);
    expect(await composeOk("logs", "store")).toContain("the store is up");
    await using follower = engine.followGantry([
      "compose",
      "-f",
      join(directory, "compose.yaml"),
      "logs",
      "-f",
      "store",
    ]);
    await follower.until("the store is up");
  });

  test("up again changes nothing", async () => {
    const before = [...(await ids("web")), ...(await ids("store"))];
    await composeOk("up", "-d");
    expect([...(await ids("web")), ...(await ids("store"))]).toEqual(before);
  });

  test("up --build replaces what changed, and nothing else", async () => {
    const web = await ids("web");
    const store = await ids("store");
    writeFileSync(join(directory, "web/text"), "second\n");
    await composeOk("up", "-d", "--build");
    const later = await ids("web");
    expect(later).toHaveLength(3);
    expect(later.filter((id) => web.includes(id))).toEqual([]);
    expect(await ids("store")).toEqual(store);
    expect(new Set((await replicas(3)).values())).toEqual(new Set(["second"]));
  });

  test("up --scale starts and ends single replicas", async () => {
    const before = await ids("web");
    await composeOk("up", "-d", "--scale", "web=1");
    const one = await ids("web");
    expect(one).toHaveLength(1);
    expect(before).toContain(one[0]!);
    await composeOk("up", "-d", "--scale", "web=4");
    expect(await ids("web")).toHaveLength(4);
    await replicas(4);
  });

  test("a replica that dies is not asked any more", async () => {
    const [first] = await ids("web");
    const name = await engine.inspect(first!, "{{.Config.Hostname}}");
    await engine.ok(["kill", first!]);
    await engine.ok(["wait", first!]);
    for (let request = 0; request < 20; request++) {
      const text = await (await fetch(`http://127.0.0.1:${port}/`, { keepalive: false })).text();
      expect(text.split("\n")[0]).not.toBe(name);
    }
  });

  test("down takes all away but the volume, down -v that too", async () => {
    await composeOk("down");
    expect(await engine.ok(["ps", "-aq"])).toBe("");
    expect((await engine.ok(["network", "ls", "--format", "{{.Name}}"])).split("\n").sort()).toEqual([
      "bridge",
      "host",
      "none",
    ]);
    expect(await engine.ok(["volume", "ls", "-q"])).toBe("shop_data");
    await composeOk("up", "-d", "--scale", "web=0");
    expect(await engine.ok(["exec", "shop-store-1", "ls", "/data"])).toBe("used");
    await composeOk("down", "-v");
    expect(await engine.ok(["volume", "ls", "-q"])).toBe("");
    expect(await engine.ok(["ps", "-aq"])).toBe("");
  });

  test("up in the foreground shows the services' output and ends them on ctrl-c", async () => {
    await using terminal = engine.gantryTerminal([
      "compose",
      "--project-directory",
      directory,
      "-f",
      join(directory, "compose.yaml"),
      "up",
      "store",
    ]);
    await terminal.until("the store is up");
    terminal.type("\x03");
    await terminal.exited();
    expect(await engine.ok(["ps", "-q"])).toBe("");
    await composeOk("down", "-v");
  });

  test("a broken file is refused with its place, before anything is done", async () => {
    writeFileSync(join(directory, "bad.yaml"), "services:\n  web:\n    image: busybox\n    prots: [80]\n");
    const { code, stderr } = await compose("-f", "bad.yaml", "up", "-d");
    expect(code).not.toBe(0);
    expect(stderr).toContain("prots");
    expect(await engine.ok(["ps", "-aq"])).toBe("");
  });
});
