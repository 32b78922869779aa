import { expect, test } from "bun:test";
import { extensionWarnings, readExtensions, withProbe } from "./extensions.ts";
import { checkHealth, healthPlan, nextHealth } from "./health-plan.ts";
import { parseProbe } from "./probe-target.ts";

test("extensions are read from annotations and labels, the annotation wins", () => {
  const labels = { "gantry.ephemeral": "true", "gantry.on-unhealthy": "stop", other: "x" };
  expect(readExtensions({ Labels: labels }, {})).toEqual({ ephemeral: true, onUnhealthy: "stop" });
  const Annotations = { "gantry.ephemeral": "false", "gantry.on-unhealthy": "restart" };
  expect(readExtensions({ Labels: labels }, { Annotations })).toEqual({ onUnhealthy: "restart" });
  expect(readExtensions({}, { Annotations: { "gantry.on-unhealthy": "none" } })).toEqual({});
});

test("a word of ours that means nothing is refused rather than ignored", () => {
  const refuse = (Annotations: Record<string, string>) => () => readExtensions({}, { Annotations });
  expect(refuse({ "gantry.ephemerial": "true" })).toThrow("unknown option gantry.ephemerial");
  expect(readExtensions({ Labels: { "gantry.mine": "x" } }, {})).toEqual({});
  expect(extensionWarnings({ Labels: { "gantry.mine": "x", "gantry.ephemeral": "true" } })).toEqual([
    "The label gantry.mine means nothing to this engine",
  ]);
  expect(refuse({ "gantry.ephemeral": "perhaps" })).toThrow("use true or false");
  expect(refuse({ "gantry.on-unhealthy": "panic" })).toThrow("use restart, stop or none");
});

test("a probe becomes the health check and keeps the timing that was asked for", () => {
  const host = { Annotations: { "gantry.health-tcp": "6379" } };
  expect(withProbe({ Healthcheck: { Interval: 5 } }, host).Healthcheck).toEqual({
    Interval: 5,
    Test: ["TCP", "6379"],
  });
  // What inspect shows can be given back.
  expect(withProbe({ Healthcheck: { Test: ["TCP", "6379"] } }, host).Healthcheck?.Test).toEqual([
    "TCP",
    "6379",
  ]);
  expect(() => withProbe({ Healthcheck: { Test: ["CMD", "true"] } }, host)).toThrow("conflicting options");
  const both = { Annotations: { "gantry.health-tcp": "1", "gantry.health-http": "http://localhost" } };
  expect(() => withProbe({}, both)).toThrow("conflicting options");
});

test("probes name a port at an address, never a name that somebody would have to look up", () => {
  expect(parseProbe(["HTTP", "http://localhost:8080/a?b=c"])).toMatchObject({
    address: "127.0.0.1",
    port: 8080,
    path: "/a?b=c",
    host: "localhost:8080",
    secure: false,
  });
  expect(parseProbe(["HTTP", "https://[::1]/"])).toMatchObject({ address: "::1", port: 443, secure: true });
  expect(parseProbe(["TCP", "10.0.0.1:5432"])).toMatchObject({ address: "10.0.0.1", port: 5432 });
  for (const bad of ["", "70000", "web:80", "80:80:80", "-1"])
    expect(() => parseProbe(["TCP", bad])).toThrow();
  for (const bad of ["", "localhost:80", "http://web/", "http://u:p@localhost/", "file:///etc/passwd"]) {
    expect(() => parseProbe(["HTTP", bad])).toThrow("invalid health check");
  }
  // Nothing that a URL holds can add a header to the request.
  expect(parseProbe(["HTTP", "http://localhost/a\r\nX: y"]).path).toBe("/aX:%20y");
});

test("health checks are refused in Docker's words, an unknown kind is told", () => {
  expect(() => checkHealth({ Interval: 5 })).toThrow("Interval in Healthcheck cannot be less than 1ms");
  expect(() => checkHealth({ StartPeriod: -1 })).toThrow(
    "StartPeriod in Healthcheck cannot be less than 1ms",
  );
  expect(() => checkHealth({ Retries: -1 })).toThrow("Retries in Healthcheck cannot be negative");
  expect(checkHealth({ Test: ["GUESS", "x"] })).toEqual([
    "Unknown healthcheck type 'GUESS' (expected 'CMD')",
  ]);
  expect(healthPlan({ Test: ["NONE"] })).toBeUndefined();
  expect(healthPlan({ Test: ["CMD", "true"] })).toMatchObject({
    interval: 30_000,
    timeout: 30_000,
    retries: 3,
  });
});

test("failures in the start period do not count until a probe has succeeded", () => {
  const starting = { status: "starting", failingStreak: 0 } as const;
  expect(nextHealth(starting, { exitCode: 1, inStartPeriod: true }, 1)).toEqual(starting);
  expect(nextHealth(starting, { exitCode: 1, inStartPeriod: false }, 1).status).toBe("unhealthy");
  const healthy = nextHealth(starting, { exitCode: 0, inStartPeriod: true }, 2);
  expect(healthy.status).toBe("healthy");
  const once = nextHealth(healthy, { exitCode: 1, inStartPeriod: true }, 2);
  expect(once).toEqual({ status: "healthy", failingStreak: 1 });
  expect(nextHealth(once, { exitCode: 1, inStartPeriod: true }, 2).status).toBe("unhealthy");
});
