import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  contains,
  formatAddress,
  formatSubnet,
  lastAddress,
  overlaps,
  parseAddress,
  parseSubnet,
  split,
} from "./ipv4.ts";

describe("addresses", () => {
  test("survive the way into a number and back", () => {
    fc.assert(
      fc.property(fc.ipV4(), (text) => {
        expect(formatAddress(parseAddress(text) ?? -1)).toBe(text);
      }),
    );
  });

  test("are refused when they are none", () => {
    for (const text of ["", "1.2.3", "1.2.3.4.5", "256.1.1.1", "a.b.c.d", "::1", "1.2.3.4/8", " 1.2.3.4"]) {
      expect(parseAddress(text)).toBeUndefined();
    }
  });
});

describe("subnets", () => {
  test("parse, format and know their bounds", () => {
    const subnet = parseSubnet("192.168.16.0/20");
    expect(formatSubnet(subnet)).toBe("192.168.16.0/20");
    expect(formatAddress(lastAddress(subnet))).toBe("192.168.31.255");
    expect(contains(subnet, parseAddress("192.168.31.255") ?? 0)).toBe(true);
    expect(contains(subnet, parseAddress("192.168.32.0") ?? 0)).toBe(false);
    expect(formatAddress(lastAddress(parseSubnet("0.0.0.0/0")))).toBe("255.255.255.255");
  });

  test("refuse host bits and nonsense", () => {
    for (const text of ["10.0.0.1/8", "10.0.0.0", "10.0.0.0/33", "10.0.0.0/x", "/8", "10.0.0.0/8/8"]) {
      expect(() => parseSubnet(text)).toThrow("invalid subnet");
    }
  });

  test("overlap when one holds the other, and never with their neighbours", () => {
    const [small, large] = [parseSubnet("172.18.4.0/24"), parseSubnet("172.18.0.0/16")];
    expect(overlaps(small, large) && overlaps(large, small)).toBe(true);
    expect(overlaps(parseSubnet("172.19.0.0/16"), large)).toBe(false);
  });

  test("split into blocks that fill them", () => {
    expect([...split(parseSubnet("172.20.0.0/14"), 16)].map(formatSubnet)).toEqual([
      "172.20.0.0/16",
      "172.21.0.0/16",
      "172.22.0.0/16",
      "172.23.0.0/16",
    ]);
  });
});
