import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { firstFrame, frame } from "./dns/index.ts";
import {
  askUdp,
  connectTcp,
  inside,
  listTable,
  openTestEngine,
  queryFor,
  replyTo,
  serveTcp,
  serveUdp,
  soon,
  summary,
  type TestEngine,
} from "./testing/index.ts";
import type { Sandbox } from "./types.ts";

let engine: TestEngine;
beforeAll(async () => {
  engine = await openTestEngine();
  await engine.service.create({ name: "front" });
  await engine.service.create({ name: "back" });
  await engine.service.create({ name: "closed", internal: true });
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  expect(engine.leftovers()).toEqual([]);
});

type Type = Parameters<typeof queryFor>[1];

async function resolve(sandbox: Sandbox, name: string, type: Type = "A") {
  return summary(await askUdp(sandbox.path, "127.0.0.11", 53, queryFor(name, type)));
}

async function resolveByTcp(sandbox: Sandbox, name: string) {
  const { promise, resolve: done } = Promise.withResolvers<Uint8Array>();
  let received: Uint8Array = new Uint8Array(0);
  const { socket } = inside(sandbox.path, () => ({
    socket: Bun.connect({
      hostname: "127.0.0.11",
      port: 53,
      socket: {
        open: (opened) => void opened.write(frame(queryFor(name))),
        data: (_socket, bytes) => {
          received = Buffer.concat([received, bytes]);
          const message = firstFrame(received);
          if (message) done(message);
        },
      },
    }),
  }));
  const answer = await soon(promise);
  (await socket).terminate();
  return summary(answer);
}

describe("names inside a sandbox", () => {
  test("lead to the endpoints of shared networks, and to nobody else's", async () => {
    const client = await engine.open(["front"], { containerName: "client" });
    const web = await engine.open(["front", "back"], { containerName: "web" });
    const db = await engine.open(["back"], { containerName: "db" });
    expect((await resolve(client, "web")).data).toEqual([web.endpoints[0]!.ipv4Address]);
    expect((await resolve(client, "web.front")).data).toEqual([web.endpoints[0]!.ipv4Address]);
    expect((await resolve(client, "client")).data).toEqual([client.endpoints[0]!.ipv4Address]);
    expect((await resolve(web, "db")).data).toEqual([db.endpoints[0]!.ipv4Address]);
    expect(await resolve(web, "db", "AAAA")).toMatchObject({ code: 0, data: [] });
    expect((await resolveByTcp(web, "db")).data).toEqual([db.endpoints[0]!.ipv4Address]);
    const reverse = web.endpoints[0]!.ipv4Address.split(".").reverse().join(".");
    expect((await resolve(client, `${reverse}.in-addr.arpa`, "PTR")).data).toEqual(["web.front"]);
    await engine.service.closeSandbox(web.id);
    expect(web.resolvConf).toContain("nameserver 127.0.0.11\n");
    expect(web.resolvConf).toContain("ndots:0");
    for (const { id } of [client, db]) await engine.service.closeSandbox(id);
  });

  test("follow renames, connects and restarts of the engine", async () => {
    const { service } = engine;
    const front = service.get("front");
    const client = await engine.open(["front"], { containerName: "client" });
    const web = await engine.open(["front"], { containerName: "web" });
    const address = web.endpoints[0]!.ipv4Address;
    service.rename(web.id, new Map([[front.id, ["site", "www"]]]));
    expect((await resolve(client, "www")).data).toEqual([address]);
    const late = await engine.open(["bridge"], { containerName: "late" });
    expect(late.resolvConf).not.toContain("127.0.0.11");
    const endpoint = await service.connect(late.id, { networkID: front.id, names: ["late"] });
    expect((await resolve(client, "late")).data).toEqual([endpoint.ipv4Address]);
    expect((await resolve(late, "site")).data).toEqual([address]);
    expect(service.findSandbox(late.id)?.resolvConf).toContain("127.0.0.11");
    await engine.restart([client.id, web.id, late.id]);
    expect((await resolve(client, "site")).data).toEqual([address]);
    expect((await resolveByTcp(late, "www")).data).toEqual([address]);
    for (const { id } of [client, web, late]) await engine.service.closeSandbox(id);
  });

  test("of the outside come from the servers upstream; internal networks have none", async () => {
    const { gateway } = engine.service.get("front");
    const dns = { servers: [gateway], search: [], options: [] };
    const open = await engine.open(["front"], { dns });
    const closed = await engine.open(["closed"], { dns });
    const server = await Bun.udpSocket({
      hostname: gateway,
      port: 53,
      socket: {
        data: (socket, query, port, address) => void socket.send(replyTo(query, "192.0.2.1"), port, address),
      },
    });
    expect(await resolve(open, "example.com")).toMatchObject({ id: 4242, code: 0, data: ["192.0.2.1"] });
    expect(await resolve(closed, "example.com")).toMatchObject({ code: 2, data: [] });
    server.close();
    expect(await resolve(open, "example.com")).toMatchObject({ code: 2, data: [] });
    for (const { id } of [open, closed]) await engine.service.closeSandbox(id);
  });

  test("are served through rules that outside readers understand, and not without limit", async () => {
    const client = await engine.open(["front"]);
    const listing = listTable(client.path, "gantry_dns");
    expect(listing).toMatch(/ip daddr 127\.0\.0\.11 udp dport 53 dnat to 127\.0\.0\.11:\d+/);
    expect(listing).toMatch(/ip daddr 127\.0\.0\.11 tcp dport 53 dnat to 127\.0\.0\.11:\d+/);
    expect(listing).toMatch(/limit rate over 4000\/second burst 4000 packets drop/);
    await engine.service.closeSandbox(client.id);
  });

  test("leave port 53 to the container's own programs", async () => {
    const client = await engine.open(["front"], { containerName: "client" });
    const server = await engine.open(["front"], { containerName: "own-dns" });
    using _udp = serveUdp(server.path, 53, "own");
    using _tcp = serveTcp(server.path, 53, "own");
    const address = server.endpoints[0]!.ipv4Address;
    expect(String(await askUdp(client.path, address, 53))).toBe("own");
    using connection = await connectTcp(client.path, address, 53);
    expect(await connection.line()).toStartWith("own");
    expect((await resolve(server, "client")).data).toEqual([client.endpoints[0]!.ipv4Address]);
    for (const { id } of [client, server]) await engine.service.closeSandbox(id);
  });
});
