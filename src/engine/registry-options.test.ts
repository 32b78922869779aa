import { expect, test } from "bun:test";
import { type RegistryWords, registryOptions } from "./registry-options.ts";

const nothing: RegistryWords = { mirrors: [], insecure: [], certificates: [], env: {}, userAgent: "x" };
const from = (words: Partial<RegistryWords>) => registryOptions({ ...nothing, ...words });

test("mirrors are kept by registry, in their order; a bare URL is one of Docker Hub", () => {
  const mirrors = [
    "https://one.test",
    "docker.io=https://two.test/hub",
    "index.docker.io=http://three.test",
    "ghcr.io=https://one.test/?",
  ];
  expect(from({ mirrors }).mirrors).toEqual({
    "docker.io": ["https://one.test/", "https://two.test/hub", "http://three.test/"],
    "ghcr.io": ["https://one.test/?"],
  });
  expect(from({ mirrors: ["https://one.test/a=b"] }).mirrors).toEqual({
    "docker.io": ["https://one.test/a=b"],
  });
});

test("what makes no sense is refused with the reason", () => {
  const faults: readonly [Partial<RegistryWords>, string][] = [
    [{ mirrors: ["no url"] }, 'invalid mirror: "no url": it must be HOST=URL or URL'],
    [{ mirrors: ["a.test="] }, "it must be HOST=URL or URL"],
    [{ mirrors: ["a.test=ftp://x"] }, 'unsupported scheme "ftp"'],
    [{ mirrors: ["https://me:pw@x"] }, "a mirror takes no credentials"],
    [{ mirrors: ["https://x/?a=b"] }, "query or fragment"],
    [{ insecure: ["http://x"] }, "should not contain a scheme"],
    [{ insecure: ["a b"] }, 'invalid insecure registry "a b"'],
    [{ mirrors: ["a b=https://x"] }, '"a b" is no host'],
    [{ insecure: ["10.0.0.0/33"] }, 'invalid insecure registry "10.0.0.0/33"'],
    [{ insecure: ["::/129"] }, 'invalid insecure registry "::/129"'],
    [{ insecure: ["a/b"] }, 'invalid insecure registry "a/b"'],
    [{ insecure: ["me@x"] }, 'invalid insecure registry "me@x"'],
  ];
  for (const [words, message] of faults) expect(() => from(words)).toThrow(message);
  expect(from({ insecure: ["a:1", "10.0.0.0/8", "[::1]:5", "fd00::/8"] }).insecure).toHaveLength(4);
});

test("proxies come from the environment in either spelling, certificates from Docker's place too", () => {
  expect(from({ env: { https_proxy: "a", HTTPS_PROXY: "b", NO_PROXY: "c", http_proxy: "" } }).proxy).toEqual({
    https: "b",
    no: "c",
  });
  expect(from({}).certificates).toEqual(["/etc/gantry/certs.d", "/etc/docker/certs.d"]);
  expect(from({ certificates: ["/x"] }).certificates).toEqual(["/x"]);
});
