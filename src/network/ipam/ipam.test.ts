import { describe, expect, test } from "bun:test";
import { formatAddress, formatSubnet, overlaps, parseSubnet } from "../ipv4.ts";
import type { Network } from "../types.ts";
import { candidateSubnets, chooseAddress, firstFree, userAddressing } from "./index.ts";

const network: Network = {
  id: "n".repeat(64),
  name: "n",
  driver: "bridge",
  created: "",
  internal: false,
  attachable: false,
  subnet: "10.5.0.0/29",
  gateway: "10.5.0.1",
  userSubnet: true,
  bridge: "b",
  options: {},
  labels: {},
};

describe("pools", () => {
  test("hold the customary 31 subnets first, in order, and none overlaps another", () => {
    const all = [...candidateSubnets()];
    const first = all.slice(0, 31).map(formatSubnet);
    expect(first[0]).toBe("172.17.0.0/16");
    expect(first[14]).toBe("172.31.0.0/16");
    expect(first[15]).toBe("192.168.0.0/20");
    expect(first[30]).toBe("192.168.240.0/20");
    const sorted = all.sort((a, b) => a.base - b.base);
    expect(sorted.some((subnet, index) => index > 0 && overlaps(subnet, sorted[index - 1]!))).toBe(false);
  });

  test("skip what overlaps with something taken, whole or in part", () => {
    const taken = ["172.16.0.0/15", "172.18.3.0/24"].map(parseSubnet);
    expect(formatSubnet(firstFree(candidateSubnets(), taken)!)).toBe("172.19.0.0/16");
    expect(firstFree(candidateSubnets(), [parseSubnet("0.0.0.0/0")])).toBeUndefined();
  });
});

describe("a user's addressing", () => {
  test("has the first address as gateway unless another is given", () => {
    expect(formatAddress(userAddressing({ subnet: "10.5.0.0/24" }, []).gateway)).toBe("10.5.0.1");
    const full = userAddressing(
      { subnet: "10.5.0.0/24", gateway: "10.5.0.254", ipRange: "10.5.0.128/25" },
      [],
    );
    expect(formatAddress(full.gateway)).toBe("10.5.0.254");
    expect(formatSubnet(full.ipRange!)).toBe("10.5.0.128/25");
  });
});

describe("addresses", () => {
  test("are given from the lowest on, gateway, base and broadcast left out", () => {
    const used = new Set<string>();
    const given = [];
    for (let i = 0; i < 5; i += 1) {
      const address = chooseAddress(network, used);
      used.add(address);
      given.push(address);
    }
    expect(given).toEqual(["10.5.0.2", "10.5.0.3", "10.5.0.4", "10.5.0.5", "10.5.0.6"]);
    expect(() => chooseAddress(network, used)).toThrow(
      "no available IPv4 addresses on this network's address pools: n",
    );
    used.delete("10.5.0.4");
    expect(chooseAddress(network, used)).toBe("10.5.0.4");
    const held = { ...network, reserved: { printer: "10.5.0.2" } };
    expect(chooseAddress(held, new Set())).toBe("10.5.0.3");
    expect(() => chooseAddress(held, new Set(), "10.5.0.2")).toThrow("Address already in use");
  });

  test("that are asked for must be free and inside", () => {
    expect(chooseAddress(network, new Set(), "10.5.0.5")).toBe("10.5.0.5");
    for (const wanted of ["10.5.0.0", "10.5.0.1", "10.5.0.7"]) {
      expect(() => chooseAddress(network, new Set(), wanted)).toThrow("Address already in use");
    }
    expect(() => chooseAddress(network, new Set(), "10.5.0.8")).toThrow(
      "no configured subnet contains IP address",
    );
  });
});
