import { expect, test } from "bun:test";
import { checkDriverOptions, driverOptions, isOff } from "./driver-options.ts";

test("switches are read as Go reads them", () => {
  expect(["0", "f", "False", "FALSE"].map(isOff)).toEqual([true, true, true, true]);
  expect([undefined, "1", "true", "", "no"].map(isOff)).toEqual([false, false, false, false, false]);
});

test("values that cannot be, or that nothing here serves, are refused; names that nobody knows are kept", () => {
  const { mtu, icc, hostBinding } = driverOptions;
  checkDriverOptions({ [mtu]: "1400", [icc]: "0", [hostBinding]: "127.0.0.1", "com.example.mine": "x" });
  checkDriverOptions({ "com.docker.network.bridge.gateway_mode_ipv4": "nat" });
  for (const [name, value] of [
    [mtu, "0"],
    [mtu, "1e3"],
    [icc, "no"],
    [hostBinding, "localhost"],
    ["com.docker.network.bridge.inhibit_ipv4", "true"],
  ] as const) {
    expect(() => checkDriverOptions({ [name]: value })).toThrow(name);
  }
});
