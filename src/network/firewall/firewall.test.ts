import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLogger, silentLogger } from "../../base/index.ts";
import { createNetworkNamespace, removeNetworkNamespace, withNetworkNamespace } from "../../sys/index.ts";
import { droppingChains } from "../foreign-firewall.ts";
import { Batch, openNftSocket } from "../nftables/index.ts";
import { listTable, runNft } from "../testing/index.ts";
import { Firewall } from "./firewall.ts";
import type { BridgeRules, PortRules } from "./ruleset.ts";

const front: BridgeRules = { bridge: "x-12345678", subnet: "10.9.0.0/24", internal: false, masquerade: true };
const closed: BridgeRules = { bridge: "my.br-0", subnet: "10.9.1.0/24", internal: true, masquerade: true };
const web: PortRules = {
  protocol: "tcp",
  hostIP: "0.0.0.0",
  hostPort: 8080,
  targets: [
    { address: "10.9.0.2", port: 80 },
    { address: "10.9.0.3", port: 81 },
  ],
};
const dns: PortRules = {
  protocol: "udp",
  hostIP: "127.0.0.1",
  hostPort: 5353,
  targets: [{ address: "10.9.0.4", port: 53 }],
};

let path: string;
let firewall: Firewall;
let warnings: string[];

beforeEach(() => {
  path = join(tmpdir(), `gantry-firewall-${randomBytes(4).toString("hex")}`);
  createNetworkNamespace(path);
  warnings = [];
  firewall = new Firewall({ table: "x", log: createLogger((line) => void warnings.push(line), "warn") });
});
afterEach(() => {
  firewall[Symbol.dispose]();
  removeNetworkNamespace(path);
});

function inside<T>(work: () => T): T {
  return withNetworkNamespace(path, () => ({ value: work() })).value;
}

/** The lines of one chain or map of the listing, without white space around them. */
function part(name: string): readonly string[] {
  const lines = listTable(path, "x").split("\n");
  const start = lines.findIndex((line) => line.trim() === `${name} {`);
  if (start < 0) return [];
  const end = lines.indexOf("\t}", start);
  return lines.slice(start + 1, end).map((line) => line.trim());
}

describe("the table", () => {
  test("guards bridges, translates and keeps networks apart", () => {
    inside(() => firewall.restore([front, closed], [web, dns]));
    const rules = {
      raw: part("chain raw").slice(1),
      published: part("chain published"),
      output: part("chain output").slice(1),
      postrouting: part("chain postrouting").slice(1),
      forward: part("chain forward").slice(1),
      inwardOpen: part("chain in_x_2d12345678"),
      inwardClosed: part("chain in_my_2ebr_2d0"),
      outwardClosed: part("chain out_my_2ebr_2d0"),
      web: part("chain tcp_any_8080"),
      dns: part("chain udp_127_0_0_1_5353"),
    };
    expect(rules).toEqual({
      raw: ["iifname @bridges ip daddr 127.0.0.0/8 drop"],
      published: [
        "ip daddr . meta l4proto . th dport vmap @address_ports",
        "meta l4proto . th dport vmap @ports",
      ],
      output: ["fib daddr type local jump published"],
      postrouting: [
        "oifname @bridges ip saddr 127.0.0.0/8 masquerade",
        "oifname @bridges ip saddr @subnets ct status dnat masquerade",
        "oifname @bridges accept",
        "ip saddr @masqueraded masquerade",
      ],
      forward: ["iifname vmap @outward", "oifname vmap @inward"],
      inwardOpen: [
        'iifname "x-12345678" accept',
        "ct state established,related accept",
        "ct status dnat accept",
        "drop",
      ],
      inwardClosed: ['iifname "my.br-0" accept', "drop"],
      outwardClosed: ['oifname != "my.br-0" drop'],
      web: ["meta l4proto tcp dnat ip to numgen inc mod 2 map { 0 : 10.9.0.2 . 80, 1 : 10.9.0.3 . 81 }"],
      dns: ["meta l4proto udp dnat to 10.9.0.4:53"],
    });
    expect(part("set masqueraded").join(" ")).toContain("elements = { 10.9.0.0/24 }");
    expect(part("map ports").join(" ")).toContain("elements = { tcp . 8080 : goto tcp_any_8080 }");
    expect(part("map address_ports").join(" ")).toContain(
      "{ 127.0.0.1 . udp . 5353 : goto udp_127_0_0_1_5353 }",
    );
  });

  test("takes changes one by one, without being written anew", () => {
    inside(() => firewall.restore([], []));
    const bare = listTable(path, "x");
    firewall.addBridge(front);
    firewall.addBridge(closed);
    firewall.setPorts([web, dns]);
    firewall.setPorts([{ ...web, targets: web.targets.slice(1) }]);
    expect(part("chain tcp_any_8080")).toEqual(["meta l4proto tcp dnat to 10.9.0.3:81"]);
    firewall.updatePorts([{ ...web, targets: [] }], [dns]);
    expect(part("chain tcp_any_8080")).toEqual([]);
    expect(part("map address_ports").join(" ")).not.toContain("elements");
    firewall.updatePorts([], [web, dns]);
    firewall.removeBridge(front.bridge);
    firewall.removeBridge(closed.bridge);
    firewall.removeBridge(closed.bridge);
    expect(listTable(path, "x")).toBe(bare);
    expect(warnings).toEqual([]);
  });

  test("holds thousands of ports", () => {
    const ports = Array.from({ length: 3000 }, (_, index) => ({ ...web, hostPort: 10_000 + index }));
    inside(() => firewall.restore([front], ports));
    firewall.setPorts([dns]);
    expect(part("chain tcp_any_12999")).toHaveLength(1);
    expect(warnings).toEqual([]);
  });

  test("is written anew when somebody has flushed it", () => {
    inside(() => firewall.restore([front], [web]));
    const flush = new Batch("x");
    flush.deleteTable();
    using nft = inside(() => openNftSocket());
    nft.commit(flush);
    inside(() => firewall.setPorts([dns]));
    expect(part("chain tcp_any_8080")).toHaveLength(1);
    expect(part("chain udp_127_0_0_1_5353")).toHaveLength(1);
    expect(warnings).toHaveLength(1);
  });

  test("goes with all that is in it, and absent is a success", () => {
    inside(() => firewall.restore([front], [web]));
    firewall.remove();
    expect(listTable(path, "x")).toBe("");
    firewall.remove();
  });
});

describe("the firewalls of others", () => {
  test("are found when they drop what the host passes on", () => {
    inside(() => firewall.restore([front], [web]));
    expect(inside(droppingChains)).toEqual([]);
    const hook = "type filter hook forward priority 0; policy drop;";
    runNft(path, `add table ip filter\nadd chain ip filter FORWARD { ${hook} }\nadd chain ip filter USER`);
    expect(inside(droppingChains)).toEqual(["ip filter FORWARD"]);
  });
});

describe("a refused change", () => {
  test("is told with the kernel's error, and leaves nothing of itself behind", () => {
    inside(() => firewall.restore([front], [web]));
    const before = listTable(path, "x");
    const batch = new Batch("x");
    batch.addChain("left_over");
    batch.addElements("no_such_set", { key: new Uint8Array(4) });
    using nft = inside(() => openNftSocket());
    expect(() => nft.commit(batch)).toThrow("Cannot change the firewall (newElement) x no_such_set: ENOENT");
    expect(listTable(path, "x")).toBe(before);
  });

  test("does not stay in what the firewall believes", () => {
    using quiet = new Firewall({ table: "x", log: silentLogger });
    inside(() => quiet.restore([front], [web]));
    const overlapping = { ...closed, subnet: "10.9.0.128/25" };
    expect(() => inside(() => quiet.addBridge(overlapping))).toThrow("Cannot change the firewall");
    inside(() => quiet.setPorts([dns]));
    expect(part("chain udp_127_0_0_1_5353")).toHaveLength(1);
  });
});
