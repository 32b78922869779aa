import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { holdPort } from "../sys/index.ts";
import {
  askUdp,
  connectTcp,
  greeting,
  type OutsideHost,
  openDatagrams,
  openOutsideHost,
  openTestEngine,
  outcome,
  serveTcp,
  serveUdp,
  type TestEngine,
} from "./testing/index.ts";
import type { PublishRequest, Sandbox } from "./types.ts";

let engine: TestEngine;
let outside: OutsideHost;

beforeAll(async () => {
  engine = await openTestEngine();
  outside = await openOutsideHost();
  await engine.service.create({ name: "front" });
  await engine.service.create({ name: "back" });
  await engine.service.create({ name: "closed", internal: true });
});

afterAll(async () => {
  await outside[Symbol.asyncDispose]();
  await engine[Symbol.asyncDispose]();
  expect(engine.leftovers()).toEqual([]);
});

function publish(port: Partial<PublishRequest> = {}): PublishRequest {
  return { protocol: "tcp", containerPort: 80, hostIP: "", hostPort: 0, ...port };
}

function hostPort(sandbox: Sandbox): number {
  return sandbox.ports[0]?.hostPort ?? 0;
}

function address(sandbox: Sandbox, index = 0): string {
  return sandbox.endpoints[index]?.ipv4Address ?? "";
}

describe("published ports", () => {
  test("answer on loopback, on the host's addresses and to other machines", async () => {
    const web = await engine.open(["front"], { ports: [publish()] });
    using _server = serveTcp(web.path, 80, "web");
    const port = hostPort(web);
    expect(await greeting(undefined, "127.0.0.1", port)).toStartWith("web");
    expect(await greeting(undefined, outside.hostAddress, port)).toStartWith("web");
    expect(await greeting(outside.path, outside.hostAddress, port)).toBe(`web ${outside.address}`);
    await engine.service.closeSandbox(web.id);
    expect(await outcome(undefined, "127.0.0.1", port)).not.toBe("answer");
  });

  test("carry UDP from loopback and from other machines", async () => {
    const dns = await engine.open(["front"], { ports: [publish({ protocol: "udp", containerPort: 53 })] });
    using _server = serveUdp(dns.path, 53, "pong");
    const port = hostPort(dns);
    expect(String(await askUdp(undefined, "127.0.0.1", port))).toBe("pong");
    expect(String(await askUdp(outside.path, outside.hostAddress, port))).toBe("pong");
    await engine.service.closeSandbox(dns.id);
  });

  test("lead a client that keeps its port to whoever has the port now", async () => {
    const port = publish({ protocol: "udp", containerPort: 53, hostPort: 20_053 });
    using client = openDatagrams(outside.path, outside.hostAddress, 20_053);
    client.send("nobody is there yet");
    const names = ["first", "second"];
    for (const name of names) {
      const sandbox = await engine.open(["front"], { ports: [port] });
      const server = serveUdp(sandbox.path, 53, name);
      expect(await client.ask()).toBe(name);
      server[Symbol.dispose]();
      await engine.service.closeSandbox(sandbox.id);
      // Takes the address, so that the next one has another.
      await engine.open(["front"], { id: `${name}-filler` });
    }
    for (const name of names) await engine.service.closeSandbox(`${name}-filler`);
  });

  test("bound to loopback answer there and to nobody else", async () => {
    const web = await engine.open(["front"], { ports: [publish({ hostIP: "127.0.0.1" })] });
    using _server = serveTcp(web.path, 80, "local");
    expect(await greeting(undefined, "127.0.0.1", hostPort(web))).toStartWith("local");
    expect(await outcome(undefined, outside.hostAddress, hostPort(web))).not.toBe("answer");
    expect(await outcome(outside.path, outside.hostAddress, hostPort(web))).not.toBe("answer");
    await engine.service.closeSandbox(web.id);
  });

  test("spread connections over all sandboxes of one key, and over those that are left", async () => {
    const options = { ports: [publish({ hostPort: 20_080 })], shareKey: "shop/web" };
    const replicas = [];
    using servers = new DisposableStack();
    for (const name of ["one", "two", "three"]) {
      const replica = await engine.open(["front"], options);
      servers.use(serveTcp(replica.path, 80, name));
      replicas.push(replica);
    }
    const seen = async (count: number) => {
      const names = [];
      for (let i = 0; i < count; i += 1) names.push(await greeting(undefined, "127.0.0.1", 20_080));
      return names.map((name) => name.split(" ")[0]).sort();
    };
    expect(await seen(6)).toEqual(["one", "one", "three", "three", "two", "two"]);
    await engine.service.closeSandbox(replicas[1]!.id);
    expect(await seen(4)).toEqual(["one", "one", "three", "three"]);
    await engine.service.closeSandbox(replicas[0]!.id);
    await engine.service.closeSandbox(replicas[2]!.id);
    using free = holdPort("tcp", "0.0.0.0", 20_080);
    expect(free.port).toBe(20_080);
  });

  test("are reached by their own container, by neighbours and from other networks through the host's address", async () => {
    const web = await engine.open(["front"], { ports: [publish()] });
    const neighbour = await engine.open(["front"]);
    const stranger = await engine.open(["back"]);
    using _server = serveTcp(web.path, 80, "web");
    for (const { path } of [web, neighbour, stranger]) {
      expect(await greeting(path, outside.hostAddress, hostPort(web))).toStartWith("web");
      expect(await greeting(path, engine.service.get("front").gateway, hostPort(web))).toStartWith("web");
    }
    for (const { id } of [web, neighbour, stranger]) await engine.service.closeSandbox(id);
  });
});

describe("networks", () => {
  test("connect their own containers", async () => {
    const [a, b] = [await engine.open(["front"]), await engine.open(["front"])];
    using _server = serveTcp(b.path, 80, "b");
    expect(await greeting(a.path, address(b), 80)).toBe(`b ${address(a)}`);
    using connection = await connectTcp(a.path, address(b), 80);
    await connection.line();
    const text = "x".repeat(30_000);
    connection.send(`${text}\n`);
    const echoed = await connection.line();
    expect(createHash("sha256").update(echoed).digest("hex")).toBe(
      createHash("sha256").update(text).digest("hex"),
    );
    await engine.service.closeSandbox(a.id);
    await engine.service.closeSandbox(b.id);
  });

  test("keep others out: other networks, the default one, and machines that route to the container", async () => {
    const [a, b, c] = [
      await engine.open(["front"]),
      await engine.open(["back"]),
      await engine.open(["bridge"]),
    ];
    using _server = serveTcp(b.path, 80, "b");
    expect(await outcome(a.path, address(b), 80)).toBe("silence");
    expect(await outcome(c.path, address(b), 80)).toBe("silence");
    expect(await outcome(outside.path, address(b), 80)).toBe("silence");
    expect(await greeting(undefined, address(b), 80)).toStartWith("b");
    for (const { id } of [a, b, c]) await engine.service.closeSandbox(id);
  });

  test("hide containers behind the host's address on the way out", async () => {
    const a = await engine.open(["front"]);
    using server = serveTcp(outside.path, 0, "outside");
    expect(await greeting(a.path, outside.address, server.port)).toBe(`outside ${outside.hostAddress}`);
    await engine.service.closeSandbox(a.id);
  });

  test("that are internal have no outside and publish nothing", async () => {
    const [a, b] = [await engine.open(["closed"], { ports: [publish()] }), await engine.open(["closed"])];
    const web = await engine.open(["front"], { ports: [publish()] });
    using _inner = serveTcp(b.path, 80, "b");
    using _web = serveTcp(web.path, 80, "web");
    using server = serveTcp(outside.path, 0, "outside");
    expect(await greeting(a.path, address(b), 80)).toStartWith("b");
    expect(a.ports).toEqual([]);
    expect(await outcome(a.path, outside.address, server.port)).not.toBe("answer");
    expect(await outcome(a.path, address(web), 80)).not.toBe("answer");
    expect(await outcome(a.path, engine.service.get("closed").gateway, hostPort(web))).not.toBe("answer");
    expect(await outcome(outside.path, address(b), 80)).toBe("silence");
    for (const { id } of [a, b, web]) await engine.service.closeSandbox(id);
  });

  test("do not let containers reach what listens on the host's loopback", async () => {
    const a = await engine.open(["front"]);
    using server = serveTcp(undefined, 0, "secret");
    // A hostile container takes 127.0.0.1 off its own loopback and routes it to the host.
    const script = `set -e
      ip addr del 127.0.0.1/8 dev lo
      echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet
      ip route add 127.0.0.1 via ${engine.service.get("front").gateway} dev eth0`;
    const child = Bun.spawnSync(["nsenter", `--net=${a.path}`, "unshare", "-m", "sh", "-c", script]);
    expect(child.exitCode).toBe(0);
    expect(await outcome(a.path, "127.0.0.1", server.port)).toBe("silence");
    engine.tamper((batch) => batch.flushChain("raw"));
    expect(await greeting(a.path, "127.0.0.1", server.port)).toStartWith("secret");
    await engine.restart([a.id]);
    expect(await outcome(a.path, "127.0.0.1", server.port)).toBe("silence");
    await engine.service.closeSandbox(a.id);
  });
});

describe("addresses that come back", () => {
  test("answer at once although neighbours remember the earlier owner", async () => {
    const client = await engine.open(["front"]);
    const before = await engine.open(["front"]);
    {
      using _server = serveTcp(before.path, 80, "before");
      expect(await greeting(client.path, address(before), 80)).toStartWith("before");
      expect(await greeting(undefined, address(before), 80)).toStartWith("before");
    }
    await engine.service.closeSandbox(before.id);
    const after = await engine.open(["front"], { id: before.id });
    expect(address(after)).toBe(address(before));
    using _server = serveTcp(after.path, 80, "after");
    expect(await greeting(client.path, address(after), 80)).toStartWith("after");
    expect(await greeting(undefined, address(after), 80)).toStartWith("after");
    await engine.service.closeSandbox(after.id);
    await engine.service.closeSandbox(client.id);
  });
});
