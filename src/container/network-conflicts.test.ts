import { expect, test } from "bun:test";
import { checkNetworkConflicts } from "./network-conflicts.ts";

type Asked = Parameters<typeof checkNetworkConflicts>[0];

const refusal = (NetworkMode: string, asked: Partial<Asked>): string => {
  try {
    const { host = {}, config = {}, endpoints = {}, exposedByImage = {} } = asked;
    checkNetworkConflicts({ host: { ...host, NetworkMode }, config, endpoints, exposedByImage });
    return "";
  } catch (error) {
    return String(error);
  }
};

test.each([
  [{ config: { Hostname: "h" } }, "hostname and the network mode"],
  [{ host: { Links: ["db"] } }, "container type network can't be used with links"],
  [{ host: { Dns: ["192.0.2.1"] } }, "dns and the network mode"],
  [{ host: { ExtraHosts: ["a:192.0.2.1"] } }, "custom host-to-IP mapping and the network mode"],
  [{ config: { MacAddress: "02:42:ac:11:00:02" } }, "mac-address and the network mode"],
  [{ endpoints: { "container:x": { MacAddress: "02:42:ac:11:00:02" } } }, "mac-address and the network mode"],
  [{ host: { PublishAllPorts: true } }, "port publishing and the container type network mode"],
  [{ host: { PortBindings: { "80/tcp": [] } } }, "port publishing and the container type network mode"],
  [{ config: { ExposedPorts: { "80/tcp": {} } } }, "port exposing and the container type network mode"],
] satisfies [Partial<Asked>, string][])("a network that another container has refuses %j", (asked, words) => {
  expect(refusal("container:x", asked)).toContain(`conflicting options: ${words}`);
  expect(refusal("bridge", asked)).toBe("");
});

test("a port that the image exposes is no conflict, links on the host's network are", () => {
  const ports = { "80/tcp": {} };
  expect(refusal("container:x", { config: { ExposedPorts: ports }, exposedByImage: ports })).toBe("");
  expect(refusal("host", { host: { Links: ["db"] } })).toContain(
    "host type networking can't be used with links",
  );
  expect(refusal("host", { config: { Hostname: "h" } })).toBe("");
});
