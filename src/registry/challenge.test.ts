import { expect, test } from "bun:test";
import fc from "fast-check";
import { parseChallenges } from "./challenge.ts";

test("a bearer challenge gives realm, service and scope", () => {
  const header =
    'Bearer realm="https://auth.example.com/token",service="registry.example.com",scope="repository:a/b:pull,push"';
  expect(parseChallenges(header)).toEqual([
    {
      scheme: "bearer",
      parameters: {
        realm: "https://auth.example.com/token",
        service: "registry.example.com",
        scope: "repository:a/b:pull,push",
      },
    },
  ]);
});

test("several challenges, odd spaces, unquoted and escaped values are told apart", () => {
  expect(
    parseChallenges('BASIC realm="a, \\"b\\"" ,  Bearer Realm = x , error=insufficient_scope, Negotiate'),
  ).toEqual([
    { scheme: "basic", parameters: { realm: 'a, "b"' } },
    { scheme: "bearer", parameters: { realm: "x", error: "insufficient_scope" } },
    { scheme: "negotiate", parameters: {} },
  ]);
});

test("no header, an endless one and nonsense are no challenge", () => {
  expect(parseChallenges(null)).toEqual([]);
  expect(parseChallenges("")).toEqual([]);
  expect(parseChallenges(`Basic ${"a".repeat(20_000)}`)).toEqual([]);
  expect(parseChallenges('"=,"')).toEqual([]);
});

test("whatever a registry sends is read in the end", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), (text) => {
      for (const { scheme } of parseChallenges(text)) expect(scheme).toBe(scheme.toLowerCase());
    }),
  );
});
