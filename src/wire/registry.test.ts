import { expect, test } from "bun:test";
import { decodeAuth, decodeAuths, encodeAuth, encodeAuths, splitPair } from "./registry.ts";

test("credentials survive the way through the header, whatever alphabet of base64 the client uses", () => {
  const auth = { username: "ü>?~", password: "p:w/d+ß", serveraddress: "example.com" };
  expect(decodeAuth(encodeAuth(auth))).toEqual(auth);
  expect(encodeAuth(auth)).toMatch(/^[\w=-]+$/);
  expect(decodeAuth(Buffer.from(JSON.stringify(auth)).toString("base64"))).toEqual(auth);
  expect(decodeAuth(encodeAuth(auth).replace(/=+$/, ""))).toEqual(auth);
});

test("a header that cannot be read counts as no credentials", () => {
  for (const text of [
    undefined,
    "",
    "!!",
    "e30=",
    "W10=",
    Buffer.from('{"username":7}').toString("base64"),
  ]) {
    expect(decodeAuth(text)).toBeUndefined();
  }
  expect(decodeAuth(Buffer.from('{"username":"","password":""}').toString("base64"))).toBeUndefined();
});

test("old clients send name and password as one pair; the password may hold colons and be padded with zeros", () => {
  const auth = Buffer.from("me:a:b\0\0").toString("base64");
  expect(splitPair(auth)).toEqual({ username: "me", password: "a:b" });
  expect(decodeAuth(Buffer.from(JSON.stringify({ auth })).toString("base64"))).toEqual({
    username: "me",
    password: "a:b",
  });
  expect(splitPair("no pair")).toEqual({});
});

test("of a build's credentials the readable ones count", () => {
  const good = { username: "me", password: "secret" };
  expect(decodeAuths(encodeAuths({ "example.com": good }))).toEqual({ "example.com": good });
  const mixed = Buffer.from(JSON.stringify({ a: good, b: 7, c: { username: [] } })).toString("base64");
  expect(decodeAuths(mixed)).toEqual({ a: good });
  expect(decodeAuths("%%")).toEqual({});
});
