import { describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "../../base/index.ts";
import {
  createNetworkNamespace,
  openNftables,
  removeNetworkNamespace,
  withNetworkNamespace,
} from "../../sys/index.ts";
import { Firewall } from "./firewall.ts";
import {
  addBridge,
  type BridgeRules,
  type PortRules,
  removeBridge,
  removePort,
  setPort,
  wholeTable,
} from "./ruleset.ts";

const bridge: BridgeRules = {
  bridge: "x-12345678",
  subnet: "10.9.0.0/24",
  internal: false,
  masquerade: true,
};
const closed: BridgeRules = { bridge: "my.br-0", subnet: "10.9.1.0/24", internal: true, masquerade: true };
const port: PortRules = {
  protocol: "tcp",
  hostIP: "0.0.0.0",
  hostPort: 8080,
  targets: [
    { address: "10.9.0.2", port: 80 },
    { address: "10.9.0.3", port: 80 },
  ],
};

describe("rules", () => {
  test("of a port spread connections in turn over its targets", () => {
    expect(setPort("x", port)).toBe(`add chain ip x tcp_any_8080
flush chain ip x tcp_any_8080
add rule ip x tcp_any_8080 meta l4proto tcp dnat ip to numgen inc mod 2 map { 0 : 10.9.0.2 . 80, 1 : 10.9.0.3 . 80 }
add element ip x ports { tcp . 8080 : goto tcp_any_8080 }
`);
    const single = { ...port, hostIP: "127.0.0.1", targets: port.targets.slice(0, 1) };
    expect(setPort("x", single)).toContain(
      "add rule ip x tcp_127_0_0_1_8080 meta l4proto tcp dnat ip to 10.9.0.2:80\n",
    );
    expect(setPort("x", single)).toContain("add element ip x address_ports { 127.0.0.1 . tcp . 8080 : ");
    expect(setPort("x", { ...port, targets: [] })).not.toContain("add rule");
  });

  test("of an internal network let nothing out and nothing in", () => {
    const text = addBridge("x", closed);
    expect(text).toContain(
      'add rule ip x in_my_2ebr_2d0 iifname "my.br-0" accept\nadd rule ip x in_my_2ebr_2d0 drop\n',
    );
    expect(text).toContain('add rule ip x out_my_2ebr_2d0 oifname != "my.br-0" drop\n');
    expect(text).not.toContain("masqueraded");
  });

  test("are accepted by the kernel, and taking everything back leaves the bare table", () => {
    const path = join(tmpdir(), `gantry-rules-${randomBytes(4).toString("hex")}`);
    createNetworkNamespace(path);
    try {
      using nft = withNetworkNamespace(path, () => openNftables());
      nft.run(
        wholeTable(
          "x",
          [bridge, closed],
          [port, { ...port, hostIP: "127.0.0.1" }, { ...port, protocol: "udp" }],
        ),
      );
      nft.run(wholeTable("x", [bridge, closed], [port]));
      nft.run(setPort("x", { ...port, targets: port.targets.slice(1) }));
      nft.run(removePort("x", port) + removeBridge("x", bridge) + removeBridge("x", closed));
      nft.run(addBridge("x", bridge) + addBridge("x", closed) + setPort("x", port));
    } finally {
      removeNetworkNamespace(path);
    }
  });
});

describe("the firewall", () => {
  test("keeps what it had when a change cannot be made at all", () => {
    const path = join(tmpdir(), `gantry-rules-${randomBytes(4).toString("hex")}`);
    createNetworkNamespace(path);
    try {
      using firewall = new Firewall({ table: "x", log: silentLogger });
      withNetworkNamespace(path, () => firewall.restore([bridge], [port]));
      expect(() => firewall.setPorts([{ ...port, hostPort: 99_999 }])).toThrow("Cannot change the firewall");
      firewall.setPorts([{ ...port, hostPort: 9090 }]);
      firewall.updatePorts([], [{ ...port, hostPort: 9090 }, port, port]);
      firewall.removeBridge(bridge.bridge);
      firewall.removeBridge(bridge.bridge);
    } finally {
      removeNetworkNamespace(path);
    }
  });
});
