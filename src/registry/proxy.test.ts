import { expect, test } from "bun:test";
import { inCidr, isLoopback, proxyFor } from "./proxy.ts";

const proxy = { http: "http://plain:1", https: "tls.example:2" };
const through = (url: string, no?: string): string | undefined =>
  proxyFor(new URL(url), no === undefined ? proxy : { ...proxy, no });

test("each scheme has its proxy, and a proxy without scheme is plain HTTP", () => {
  expect(through("http://example.com/v2/")).toBe("http://plain:1");
  expect(through("https://example.com/v2/")).toBe("http://tls.example:2");
  expect(proxyFor(new URL("https://example.com"), { http: "http://plain:1" })).toBeUndefined();
});

test("loopback is never asked for through a proxy", () => {
  for (const host of ["localhost", "127.0.0.1:5000", "127.9.9.9", "[::1]:5000"]) {
    expect(through(`http://${host}/`)).toBeUndefined();
  }
  expect(isLoopback("1127.0.0.1")).toBe(false);
});

test("exceptions are hosts with their subdomains, suffixes, ports, addresses, ranges, or all", () => {
  const excepted = (url: string, no: string): boolean => through(url, no) === undefined;
  expect(excepted("https://example.com", " other.org ,example.com")).toBe(true);
  expect(excepted("https://a.example.com", "example.com")).toBe(true);
  expect(excepted("https://badexample.com", "example.com")).toBe(false);
  expect(excepted("https://example.com", ".example.com")).toBe(false);
  expect(excepted("https://a.EXAMPLE.com", "*.example.com")).toBe(true);
  expect(excepted("https://example.com:8443", "example.com:8443")).toBe(true);
  expect(excepted("https://example.com", "example.com:8443")).toBe(false);
  expect(excepted("https://10.1.2.3", "10.0.0.0/8")).toBe(true);
  expect(excepted("https://11.1.2.3", "10.0.0.0/8,10.1.2.3")).toBe(false);
  expect(excepted("https://[fd00::1]", "fd00::/8")).toBe(true);
  expect(excepted("https://[fd00::1]:5000", "fd00::1")).toBe(true);
  expect(excepted("https://example.com", "*")).toBe(true);
  expect(excepted("https://example.com", ",,")).toBe(false);
});

test("a proxy that cannot be used is told, without the password that it may hold", () => {
  const use = (https: string) => () => proxyFor(new URL("https://example.com"), { https });
  expect(use("socks5://me:pw@x:1")).toThrow(
    'Cannot use the proxy of HTTPS_PROXY: unsupported scheme "socks5"',
  );
  expect(use("http://me:pw@:")).toThrow("Cannot use the proxy of HTTPS_PROXY: it is no URL");
});

test("a range holds addresses of its own family alone", () => {
  expect(inCidr("10.0.0.1", "10.0.0.0/33")).toBe(false);
  expect(inCidr("10.0.0.1", "10.0.0.0")).toBe(false);
  expect(inCidr("::1", "0.0.0.0/0")).toBe(false);
  expect(inCidr("example.com", "0.0.0.0/0")).toBe(false);
  expect(inCidr("10.0.0.1", "10.0.0.0/x")).toBe(false);
});
