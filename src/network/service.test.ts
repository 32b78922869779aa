import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { newID } from "../base/index.ts";
import { createNetworkNamespace, netlinkProtocols, openNetlink } from "../sys/index.ts";
import { createBridge, listAddresses, listLinks, perform } from "./netlink/index.ts";
import {
  connectTcp,
  greeting,
  inside,
  openTestEngine,
  outcome,
  serveTcp,
  type TestEngine,
} from "./testing/index.ts";
import type { Network, PublishRequest } from "./types.ts";

let engine: TestEngine;
beforeAll(async () => {
  engine = await openTestEngine();
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  expect(engine.leftovers()).toEqual([]);
});

async function failureOf(attempt: Promise<unknown>): Promise<{ kind: string; message: string }> {
  return await attempt.then(
    () => ({ kind: "none", message: "" }),
    (error) => ({ kind: error.kind, message: error.message }),
  );
}

function octet(): number {
  return Number.parseInt(newID().slice(0, 2), 16);
}

/** A subnet of this test's own. */
function ownSubnet(): string {
  return `10.${128 + (octet() % 64)}.${octet()}`;
}

function publish(port: Partial<PublishRequest> = {}): PublishRequest {
  return { protocol: "tcp", containerPort: 80, hostIP: "", hostPort: 0, ...port };
}

describe("networks", () => {
  test("bridge, host and none are there from the start and cannot be removed", async () => {
    expect(engine.service.list().map(({ name, driver }) => `${name} ${driver}`)).toEqual([
      "bridge bridge",
      "host host",
      "none none",
    ]);
    expect(engine.service.get("bridge").bridge).toBe(`${engine.prefix}0`);
    expect(await failureOf(engine.service.remove("bridge"))).toEqual({
      kind: "denied",
      message: "bridge is a pre-defined network and cannot be removed",
    });
  });

  test("are found by name, ID and unique prefix of it", async () => {
    const network = await engine.service.create({ name: "findme" });
    expect(engine.service.get("findme").id).toBe(network.id);
    expect(engine.service.get(network.id).id).toBe(network.id);
    expect(engine.service.get(network.id.slice(0, 12)).id).toBe(network.id);
    await engine.service.remove("findme");
    expect(() => engine.service.get("findme")).toThrow("network findme not found");
    expect(listLinks().some(({ name }) => name === network.bridge)).toBe(false);
  });

  test("refuse names, drivers and addresses that cannot be", async () => {
    const { service } = engine;
    const net = ownSubnet();
    await service.create({ name: "taken", subnet: `${net}.0/24` });
    const cases: readonly [Parameters<typeof service.create>[0], string, string][] = [
      [{ name: "taken" }, "conflict", "network with name taken already exists"],
      [{ name: " " }, "invalid", "invalid network name"],
      [{ name: "x", driver: "host" }, "denied", 'only one instance of "host" network is allowed'],
      [
        { name: "x", driver: "weave" },
        "not-found",
        "could not find plugin weave in v1 plugin registry: plugin not found",
      ],
      [
        { name: "x", subnet: `${net}.128/25` },
        "conflict",
        "Pool overlaps with other one on this address space",
      ],
      [
        { name: "x", subnet: "10.1.2.3/24" },
        "invalid",
        "invalid subnet 10.1.2.3/24: it should be 10.1.2.0/24",
      ],
      [{ name: "x", subnet: "10.1.2/24" }, "invalid", "invalid subnet 10.1.2/24"],
      [{ name: "x", subnet: "10.300.0.0/16" }, "invalid", "invalid subnet"],
      [{ name: "x", subnet: "10.1.2.0/31" }, "invalid", "no room"],
      [{ name: "x", subnet: "10.1.2.0/24", gateway: "10.1.3.1" }, "invalid", "invalid gateway 10.1.3.1"],
      [{ name: "x", subnet: "10.1.2.0/24", ipRange: "10.1.3.0/25" }, "invalid", "invalid ip-range"],
      [{ name: "x", gateway: "10.1.3.1" }, "invalid", "need a subnet"],
      [
        { name: "x", options: { "com.docker.network.bridge.name": "bad name" } },
        "invalid",
        "invalid bridge name",
      ],
      [
        { name: "x", options: { "com.docker.network.bridge.name": "lo" } },
        "conflict",
        "link lo already exists",
      ],
    ];
    for (const [options, kind, message] of cases) {
      const failure = await failureOf(service.create(options));
      expect(failure).toEqual({ kind, message: expect.stringContaining(message) });
    }
    expect(service.list().some(({ name }) => name === "x")).toBe(false);
    await service.remove("taken");
  });

  test("cannot be removed while a container is attached", async () => {
    const network = await engine.service.create({ name: "busy" });
    const sandbox = await engine.open(["busy"]);
    expect(await failureOf(engine.service.remove("busy"))).toEqual({
      kind: "denied",
      message: `error while removing network: network busy id ${network.id} has active endpoints`,
    });
    expect(engine.service.attached(network.id).map(({ sandboxID }) => sandboxID)).toEqual([sandbox.id]);
    await engine.service.closeSandbox(sandbox.id);
    await engine.service.remove("busy");
  });

  test("get subnets that overlap with nothing, and a subnet is free again at once", async () => {
    const made: Network[] = [];
    for (let i = 0; i < 3; i += 1) made.push(await engine.service.create({ name: `auto${i}` }));
    expect(new Set(made.map(({ subnet }) => subnet)).size).toBe(3);
    for (const { name } of made) await engine.service.remove(name);
    // One that nobody else chooses meanwhile: other engines may be at work.
    const subnet = `${ownSubnet()}.0/24`;
    await engine.service.create({ name: "first", subnet });
    const removing = engine.service.remove("first");
    expect((await engine.service.create({ name: "again", subnet })).subnet).toBe(subnet);
    await removing;
    await engine.service.remove("again");
  });

  test("go beyond the customary pools", async () => {
    const names = Array.from({ length: 34 }, (_, index) => `many${index}`);
    for (const name of names) await engine.service.create({ name });
    const lengths = names.map((name) => engine.service.get(name).subnet.split("/")[1]);
    expect(lengths.at(-1)).toBe("24");
    expect(new Set(names.map((name) => engine.service.get(name).subnet)).size).toBe(34);
    await Promise.all(names.map((name) => engine.service.remove(name)));
  });

  test("keep their own link settings: MTU, name, isolation of their containers", async () => {
    const bridge = `${engine.prefix}-custom`;
    const network = await engine.service.create({
      name: "custom",
      options: {
        "com.docker.network.bridge.name": bridge,
        "com.docker.network.driver.mtu": "1400",
        "com.docker.network.bridge.enable_icc": "false",
      },
    });
    expect(network.bridge).toBe(bridge);
    const [a, b] = [await engine.open(["custom"]), await engine.open(["custom"])];
    const mtu = Bun.spawnSync(["nsenter", `--net=${a.path}`, "ip", "-o", "link", "show", "eth0"]);
    expect(mtu.stdout.toString()).toContain("mtu 1400");
    using _server = serveTcp(b.path, 80, "b");
    expect(await outcome(a.path, b.endpoints[0]!.ipv4Address, 80)).not.toBe("answer");
    for (const { id } of [a, b]) await engine.service.closeSandbox(id);
    await engine.service.remove("custom");
  });
});

describe("sandboxes", () => {
  test("have loopback alone without endpoints, and no nameserver", async () => {
    const { id } = engine.service.get("none");
    const sandbox = await engine.open([], { endpoints: [{ networkID: id, names: [] }] });
    expect(sandbox.endpoints).toEqual([]);
    expect(sandbox.resolvConf).not.toContain("nameserver");
    expect(inside(sandbox.path, () => listLinks().map(({ name, up }) => `${name} ${up}`))).toEqual([
      "lo true",
    ]);
    await engine.service.closeSandbox(sandbox.id);
  });

  test("number their interfaces in order and go out by the first network with an outside", async () => {
    const { service } = engine;
    await service.create({ name: "inner", internal: true });
    await service.create({ name: "outer" });
    const sandbox = await engine.open(["inner", "outer"]);
    expect(sandbox.endpoints.map((endpoint) => [endpoint.interfaceName, endpoint.networkName])).toEqual([
      ["eth0", "inner"],
      ["eth1", "outer"],
    ]);
    expect(sandbox.endpoints.map(({ gateway }) => gateway)).toEqual(["", service.get("outer").gateway]);
    const routes = inside(sandbox.path, () => readFileSync("/proc/thread-self/net/route", "utf8"));
    expect(routes).toMatch(/eth1\t00000000\t/);
    expect(routes).not.toMatch(/eth0\t00000000\t/);
    await service.closeSandbox(sandbox.id);
    await service.remove("inner");
    await service.remove("outer");
  });

  test("take the address and MAC asked for, or say why not", async () => {
    const net = ownSubnet();
    const { id } = await engine.service.create({
      name: "static",
      subnet: `${net}.0/29`,
      gateway: `${net}.6`,
      ipRange: `${net}.4/30`,
    });
    const endpoint = (more: object) => ({ endpoints: [{ networkID: id, names: ["x"], ...more }] });
    const a = await engine.open([], endpoint({ ipv4Address: `${net}.2`, macAddress: "02:42:AC:11:00:02" }));
    expect(a.endpoints[0]).toMatchObject({ ipv4Address: `${net}.2`, macAddress: "02:42:ac:11:00:02" });
    const failures = [
      await failureOf(engine.open([], endpoint({ ipv4Address: `${net}.2` }))),
      await failureOf(engine.open([], endpoint({ ipv4Address: `${net}.6` }))),
      await failureOf(engine.open([], endpoint({ ipv4Address: "10.0.0.1" }))),
      await failureOf(engine.open([], endpoint({ macAddress: "zz" }))),
      await failureOf(
        engine.open([], {
          endpoints: [{ networkID: engine.service.get("bridge").id, names: [], ipv4Address: "172.17.0.9" }],
        }),
      ),
    ];
    expect(failures.map(({ kind, message }) => `${kind}: ${message}`)).toEqual([
      "conflict: Address already in use",
      "conflict: Address already in use",
      "invalid: no configured subnet contains IP address 10.0.0.1",
      "invalid: invalid MAC address zz",
      "invalid: user specified IP address is supported only when connecting to networks with user configured subnets",
    ]);
    const [b, c] = [await engine.open([], endpoint({})), await engine.open([], endpoint({}))];
    expect([b, c].map(({ endpoints }) => endpoints[0]!.ipv4Address)).toEqual([`${net}.4`, `${net}.5`]);
    expect(await failureOf(engine.open([], endpoint({})))).toEqual({
      kind: "unavailable",
      message: `no available IPv4 addresses on this network's address pools: static (${id})`,
    });
    for (const sandbox of [a, b, c]) await engine.service.closeSandbox(sandbox.id);
    await engine.service.remove("static");
  });

  test("are all or nothing: a taken port leaves no trace", async () => {
    const first = await engine.open(["bridge"], { ports: [publish()] });
    const taken = first.ports[0]!.hostPort;
    const before = engine.leftovers().length;
    const second = engine.open(["bridge"], {
      containerName: "web",
      ports: [publish(), publish({ hostPort: taken })],
    });
    expect(await failureOf(second)).toEqual({
      kind: "conflict",
      message: expect.stringMatching(
        new RegExp(
          `^failed to set up container networking: driver failed programming external connectivity on endpoint web \\([0-9a-f]{64}\\): Bind for 0\\.0\\.0\\.0:${taken} failed: port is already allocated$`,
        ),
      ),
    });
    await settled(() => engine.leftovers().length <= before);
    await engine.service.closeSandbox(first.id);
  });

  test("tell of a port that another program has", async () => {
    using server = serveTcp(undefined, 0, "other");
    const attempt = engine.open(["bridge"], {
      containerName: "web",
      ports: [publish({ hostPort: server.port })],
    });
    const { message } = await failureOf(attempt);
    expect(message).toMatch(
      new RegExp(
        `on endpoint web \\([0-9a-f]{64}\\): failed to bind host port for 0\\.0\\.0\\.0:${server.port}:[0-9.]+:80/tcp: address already in use$`,
      ),
    );
  });

  test("take the first free port of a range and keep it from other programs", async () => {
    using busy = serveTcp(undefined, 0, "busy");
    const range = publish({ hostPort: busy.port, hostPortEnd: busy.port + 20 });
    const sandbox = await engine.open(["bridge"], { ports: [range] });
    const { hostPort } = sandbox.ports[0]!;
    expect(hostPort).toBeGreaterThan(busy.port);
    expect(() => serveTcp(undefined, hostPort, "thief")).toThrow();
    const same = await engine.open(["bridge"], { ports: [range], shareKey: "a/b" });
    expect(same.ports[0]!.hostPort).toBeGreaterThan(hostPort);
    for (const { id } of [sandbox, same]) await engine.service.closeSandbox(id);
  });

  test("can be closed twice and opened again under the same ID", async () => {
    const id = newID();
    const port = publish();
    await engine.open(["bridge"], { id, ports: [port] });
    const again = await engine.open(["bridge"], { id, ports: [port] });
    expect(engine.service.findSandbox(id)).toEqual(again);
    await engine.service.closeSandbox(id);
    await engine.service.closeSandbox(id);
    expect(engine.service.findSandbox(id)).toBeUndefined();
    expect(existsSync(again.path)).toBe(false);
  });
});

describe("connecting", () => {
  test("adds and takes away networks of a running container, its way out and its ports with them", async () => {
    const { service } = engine;
    const [one, two] = [await service.create({ name: "one" }), await service.create({ name: "two" })];
    const a = await engine.open(["one"], { ports: [publish()] });
    const peer = await engine.open(["two"]);
    using _server = serveTcp(a.path, 80, "a");
    const port = a.ports[0]!.hostPort;
    const endpoint = await service.connect(a.id, { networkID: two.id, names: ["a"] });
    expect(endpoint.interfaceName).toBe("eth1");
    expect(await greeting(peer.path, endpoint.ipv4Address, 80)).toStartWith("a");
    expect(await failureOf(service.connect(a.id, { networkID: two.id, names: [] }))).toMatchObject({
      kind: "denied",
    });
    await service.disconnect(a.id, one.id);
    expect(inside(a.path, () => listLinks().map(({ name }) => name))).toEqual(["lo", "eth1"]);
    expect(await greeting(undefined, "127.0.0.1", port)).toStartWith("a");
    await service.disconnect(a.id, two.id);
    expect(service.findSandbox(a.id)?.endpoints).toEqual([]);
    expect(await outcome(undefined, "127.0.0.1", port)).not.toBe("answer");
    const back = await service.connect(a.id, { networkID: one.id, names: ["a"] });
    expect(back.interfaceName).toBe("eth0");
    expect(await greeting(undefined, "127.0.0.1", port)).toStartWith("a");
    for (const { id } of [a, peer]) await service.closeSandbox(id);
    await service.remove("one");
    await service.remove("two");
  });
});

describe("a new engine on the same records", () => {
  test("keeps live sandboxes: open connections, ports, addresses", async () => {
    await engine.service.create({ name: "live" });
    const web = await engine.open(["live"], { ports: [publish()] });
    using _server = serveTcp(web.path, 80, "web");
    const port = web.ports[0]!.hostPort;
    using connection = await connectTcp(undefined, "127.0.0.1", port);
    await connection.line();
    await engine.restart([web.id]);
    connection.send("still here\n");
    expect(await connection.line()).toBe("still here");
    expect(await greeting(undefined, "127.0.0.1", port)).toStartWith("web");
    expect(() => serveTcp(undefined, port, "thief")).toThrow();
    const next = await engine.open(["live"]);
    expect(next.endpoints[0]!.ipv4Address).not.toBe(web.endpoints[0]!.ipv4Address);
    for (const { id } of [web, next]) await engine.service.closeSandbox(id);
    await engine.service.remove("live");
  });

  test("closes the sandboxes of the dead and removes strays", async () => {
    const dead = await engine.open(["bridge"], { ports: [publish()] });
    const stray = join(engine.runDirectory, "netns", newID());
    createNetworkNamespace(stray);
    const notPinned = join(engine.runDirectory, "netns", newID());
    writeFileSync(notPinned, "");
    const link = `${engine.prefix}-0badcafe`;
    {
      using socket = openNetlink(netlinkProtocols.route);
      perform(socket, [createBridge({ name: link, macAddress: "02:00:00:00:00:01", mtu: 1500 })]);
    }
    await engine.restart([]);
    expect(engine.service.findSandbox(dead.id)).toBeUndefined();
    for (const path of [dead.path, stray, notPinned]) expect(existsSync(path)).toBe(false);
    expect(listLinks().some(({ name }) => name === link || name.startsWith(`${engine.prefix}v`))).toBe(false);
    using free = serveTcp(undefined, dead.ports[0]!.hostPort, "free");
    expect(await greeting(undefined, "127.0.0.1", free.port)).toStartWith("free");
  });

  test("makes bridges and rules anew that somebody took away", async () => {
    const network = await engine.service.create({ name: "gone" });
    const web = await engine.open(["gone"], { ports: [publish()] });
    using _server = serveTcp(web.path, 80, "web");
    Bun.spawnSync(["ip", "link", "del", network.bridge]);
    engine.tamper((batch) => batch.deleteTable());
    expect(await outcome(undefined, "127.0.0.1", web.ports[0]!.hostPort)).not.toBe("answer");
    await engine.restart([web.id]);
    expect(await greeting(undefined, "127.0.0.1", web.ports[0]!.hostPort)).toStartWith("web");
    await engine.service.closeSandbox(web.id);
    await engine.service.remove("gone");
  });

  test("writes a flushed table anew at the next change", async () => {
    const first = await engine.open(["bridge"], { ports: [publish()] });
    using _server = serveTcp(first.path, 80, "first");
    engine.tamper((batch) => batch.deleteTable());
    const second = await engine.open(["bridge"], { ports: [publish()] });
    expect(await greeting(undefined, "127.0.0.1", first.ports[0]!.hostPort)).toStartWith("first");
    for (const { id } of [first, second]) await engine.service.closeSandbox(id);
  });
});

describe("two engines on one host", () => {
  test("share no subnet, and each keeps the other out except through published ports", async () => {
    await using other = await openTestEngine();
    expect(other.service.get("bridge").subnet).not.toBe(engine.service.get("bridge").subnet);
    const [ours, theirs] = [
      await engine.open(["bridge"]),
      await other.open(["bridge"], { ports: [publish()] }),
    ];
    using _server = serveTcp(theirs.path, 80, "theirs");
    expect(await outcome(ours.path, theirs.endpoints[0]!.ipv4Address, 80)).not.toBe("answer");
    const { gateway } = engine.service.get("bridge");
    expect(await greeting(ours.path, gateway, theirs.ports[0]!.hostPort)).toStartWith("theirs");
    const port = publish({ hostPort: theirs.ports[0]!.hostPort });
    expect((await failureOf(engine.open(["bridge"], { ports: [port] }))).message).toContain(
      "address already in use",
    );
    const subnet = other.service.get("bridge").subnet;
    expect(await failureOf(engine.service.create({ name: "same", subnet }))).toMatchObject({
      kind: "conflict",
    });
    await engine.service.closeSandbox(ours.id);
    await other.service.reset();
    expect(other.leftovers()).toEqual([]);
    expect(listAddresses().length).toBeGreaterThan(0);
  });

  test("that start at the same moment still get subnets of their own", async () => {
    const engines = await Promise.all([openTestEngine(), openTestEngine(), openTestEngine()]);
    const subnets = engines.map(({ service }) => service.get("bridge").subnet);
    expect(new Set(subnets).size).toBe(3);
    for (const one of engines) await one[Symbol.asyncDispose]();
  });
});

/** Waits until the kernel has reaped links in its own time. */
async function settled(done: () => boolean): Promise<void> {
  const end = Date.now() + 5000;
  while (!done()) {
    if (Date.now() > end) throw new Error("not settled");
    await new Promise((resolve) => setImmediate(resolve));
  }
}
