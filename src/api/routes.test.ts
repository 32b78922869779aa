import { expect, test } from "bun:test";
import { empty } from "./call.ts";
import { Router, route } from "./routes.ts";

const names = ["list", "one", "files", "many", "any"] as const;
const handlers = Object.fromEntries(names.map((name) => [name, () => empty()]));
const handler = (name: (typeof names)[number]) => handlers[name] ?? (() => empty());
const router = new Router([
  route("GET", "/things", handler("list")),
  route("GET", "/things/{id}/files", handler("files")),
  route("GET", "/things/{id}", handler("one")),
  route("GET", "/things/{name...}", handler("many")),
  route("OPTIONS", "/{rest...}", handler("any")),
]);

test("finds the first entry that fits, with its parameters decoded", () => {
  expect(router.match("GET", "/things")).toEqual({ handler: handler("list"), params: {} });
  expect(router.match("GET", "/things/")).toEqual({ handler: handler("list"), params: {} });
  expect(router.match("GET", "/things/a%2Fb")).toEqual({ handler: handler("one"), params: { id: "a/b" } });
  expect(router.match("GET", "/things/a/files")).toEqual({ handler: handler("files"), params: { id: "a" } });
  expect(router.match("GET", "/things/a/b/c")).toEqual({
    handler: handler("many"),
    params: { name: "a/b/c" },
  });
  expect(router.match("OPTIONS", "/things/a")).toEqual({
    handler: handler("any"),
    params: { rest: "things/a" },
  });
});

test("knows no other path, no other method, and no broken escape", () => {
  for (const [method, path] of [
    ["GET", "/"],
    ["GET", ""],
    ["GET", "/thing"],
    ["GET", "/*"],
    ["POST", "/things"],
    ["OPTIONS", "/"],
  ] as const) {
    expect(() => router.match(method, path)).toThrow("page not found");
  }
  expect(() => router.match("GET", "/things/%zz")).toThrow('invalid URL escape in "%zz"');
});
