import { describe, expect, test } from "bun:test";
import { encode } from "dns-packet";
import { queryFor, replyTo, summary } from "../testing/index.ts";
import { answerQuery, failure } from "./answer.ts";
import { firstFrame, frame } from "./ask.ts";
import { Forwarder } from "./forward.ts";
import { NameTable } from "./names.ts";

function table(): NameTable {
  const names = new NameTable();
  const front = { id: "f", name: "Front" };
  names.set(front, "s1", { names: ["shop-web-1", "aabbccddeeff", "web"], ipv4Address: "10.0.0.2" });
  names.set(front, "s2", { names: ["shop-web-2", "web"], ipv4Address: "10.0.0.3" });
  names.set({ id: "b", name: "back" }, "s3", { names: ["db", "web"], ipv4Address: "10.0.1.2" });
  return names;
}

async function local(query: Uint8Array, more: { networks?: string[]; tcp?: boolean; keeps?: boolean } = {}) {
  const verdict = await answerQuery(query, {
    lookup: table().lookup(more.networks ?? ["f", "b"]),
    protocol: more.tcp ? "tcp" : "udp",
    keepsSingleLabels: more.keeps ?? false,
  });
  return verdict.kind === "answer" ? summary(verdict.bytes) : "forward";
}

describe("a name table", () => {
  test("answers from the first network that knows the name, in any case of letters", () => {
    const names = table();
    expect(names.lookup(["f", "b"]).addressesOf("WEB")).toEqual(["10.0.0.2", "10.0.0.3"]);
    expect(names.lookup(["b", "f"]).addressesOf("web")).toEqual(["10.0.1.2"]);
    expect(names.lookup(["b"]).addressesOf("shop-web-1")).toBeUndefined();
    expect(names.lookup(["f", "b"]).addressesOf("db.back")).toEqual(["10.0.1.2"]);
    expect(names.lookup(["f", "b"]).addressesOf("db.front")).toBeUndefined();
    expect(names.lookup(["f"]).nameOf("10.0.0.3")).toBe("shop-web-2.front");
    expect(names.lookup(["f"]).nameOf("10.0.1.2")).toBeUndefined();
  });

  test("forgets endpoints and learns new names", () => {
    const names = table();
    names.remove("f", "s2");
    names.set({ id: "f", name: "Front" }, "s1", { names: ["renamed"], ipv4Address: "10.0.0.2" });
    expect(names.lookup(["f"]).addressesOf("web")).toBeUndefined();
    expect(names.lookup(["f"]).addressesOf("renamed")).toEqual(["10.0.0.2"]);
  });
});

describe("an answer", () => {
  test("holds all addresses of a known name, and nothing of other types", async () => {
    expect(await local(queryFor("web"))).toMatchObject({ id: 4242, code: 0, data: ["10.0.0.2", "10.0.0.3"] });
    expect(await local(queryFor("web", "AAAA"))).toMatchObject({ code: 0, data: [] });
    expect(await local(queryFor("db", "MX"))).toMatchObject({ code: 0, data: [] });
    expect(await local(queryFor("2.0.0.10.in-addr.arpa", "PTR"))).toMatchObject({
      data: ["shop-web-1.front"],
    });
  });

  test("is left to others for unknown names and addresses", async () => {
    expect(await local(queryFor("example.com"))).toBe("forward");
    expect(await local(queryFor("9.9.9.9.in-addr.arpa", "PTR"))).toBe("forward");
    expect(await local(queryFor("elsewhere"))).toBe("forward");
    expect(await local(queryFor("elsewhere"), { keeps: true })).toMatchObject({ code: 0, data: [] });
  });

  test("says what is wrong with a query that makes no sense", async () => {
    expect(await local(new Uint8Array([1, 2, 3]))).toMatchObject({ code: 1 });
    expect(await local(encode({ type: "query", id: 1, questions: [] }))).toMatchObject({ code: 1 });
    const update = queryFor("web");
    update[2] = 5 << 3;
    expect(await local(update)).toMatchObject({ code: 4 });
    expect(summary(failure(queryFor("x"), "serverFailure"))).toMatchObject({ id: 4242, code: 2 });
  });

  test("comes in random order and is cut to what the client can take", async () => {
    const names = new NameTable();
    for (let i = 0; i < 60; i += 1) {
      names.set({ id: "n", name: "n" }, `s${i}`, { names: ["many"], ipv4Address: `10.0.0.${i}` });
    }
    const ask = async (query: Uint8Array, protocol: "udp" | "tcp") => {
      const lookup = names.lookup(["n"]);
      const verdict = await answerQuery(query, { lookup, protocol, keepsSingleLabels: false });
      if (verdict.kind !== "answer") throw new Error("forwarded");
      return verdict.bytes;
    };
    const short = await ask(queryFor("many"), "udp");
    expect(short.length).toBeLessThanOrEqual(512);
    expect(summary(short).truncated).toBe(true);
    const edns = {
      type: "OPT" as const,
      name: ".",
      udpPayloadSize: 1232,
      extendedRcode: 0,
      ednsVersion: 0,
      flags: 0,
      flag_do: false,
      options: [],
    };
    const long = summary(await ask(queryFor("many", "A", { additionals: [edns] }), "udp"));
    expect(long).toMatchObject({ truncated: false });
    expect(long.data.length).toBe(60);
    const orders = new Set<string>();
    for (let i = 0; i < 5; i += 1)
      orders.add(Buffer.from(await ask(queryFor("many"), "tcp")).toString("hex"));
    expect(orders.size).toBeGreaterThan(1);
  });
});

/** A server upstream on loopback; `answer` gives nothing to stay silent. */
async function upstream(answer: (query: Uint8Array) => Uint8Array | undefined) {
  let asked = 0;
  const socket = await Bun.udpSocket({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data: (own, query, port, address) => {
        asked += 1;
        const bytes = answer(query);
        if (bytes) own.send(bytes, port, address);
      },
    },
  });
  return {
    at: { address: "127.0.0.1", port: socket.port },
    asked: () => asked,
    [Symbol.dispose]: () => socket.close(),
  };
}

describe("a forwarder", () => {
  const times = { stagger: 20, deadline: 200 };

  test("returns the server's answer under the query's own ID", async () => {
    using server = await upstream((query) => replyTo(query, "192.0.2.7"));
    const answer = await new Forwarder(times).forward(queryFor("example.com"), [server.at], "udp");
    expect(summary(answer!)).toMatchObject({ id: 4242, data: ["192.0.2.7"] });
  });

  test("passes over servers that fail, refuse or stay silent", async () => {
    using failing = await upstream((query) => replyTo(query, "", 2));
    using silent = await upstream(() => undefined);
    using good = await upstream((query) => replyTo(query, "192.0.2.8"));
    const closed = await upstream(() => undefined);
    closed[Symbol.dispose]();
    for (const bad of [failing.at, silent.at, closed.at]) {
      const answer = await new Forwarder(times).forward(queryFor("example.com"), [bad, good.at], "udp");
      expect(summary(answer!).data).toEqual(["192.0.2.8"]);
    }
    const refusal = await new Forwarder(times).forward(queryFor("example.com"), [failing.at], "udp");
    expect(summary(refusal!).code).toBe(2);
  });

  test("gives up in time, and leaves nothing behind, when all are silent", async () => {
    using silent = await upstream(() => undefined);
    const forwarder = new Forwarder(times);
    const before = performance.now();
    const asked = Array.from({ length: 50 }, () =>
      forwarder.forward(queryFor("x.example"), [silent.at], "udp"),
    );
    expect(forwarder.running).toBe(50);
    expect(await Promise.all(asked)).toEqual(asked.map(() => undefined));
    expect(performance.now() - before).toBeLessThan(2000);
    expect(forwarder.running).toBe(0);
  });

  test("turns queries away when too many are under way", async () => {
    using silent = await upstream(() => undefined);
    const forwarder = new Forwarder(times);
    const asked = Array.from({ length: 300 }, () =>
      forwarder.forward(queryFor("x.example"), [silent.at], "udp"),
    );
    expect(forwarder.running).toBe(256);
    await Promise.all(asked);
    expect(forwarder.running).toBe(0);
  });

  test("believes no answer to another question", async () => {
    using liar = await upstream(() => replyTo(queryFor("evil.example", "A", { id: 1 }), "192.0.2.66"));
    expect(await new Forwarder(times).forward(queryFor("example.com"), [liar.at], "udp")).toBeUndefined();
  });

  test("asks by TCP what was asked by TCP", async () => {
    using server = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        data: (socket, bytes) => {
          const query = firstFrame(bytes);
          if (query) socket.write(frame(replyTo(query, "192.0.2.9")));
        },
      },
    });
    const at = { address: "127.0.0.1", port: server.port };
    const answer = await new Forwarder(times).forward(queryFor("example.com"), [at], "tcp");
    expect(summary(answer!).data).toEqual(["192.0.2.9"]);
    server.stop(true);
    expect(await new Forwarder(times).forward(queryFor("example.com"), [at], "tcp")).toBeUndefined();
  });
});
