import { expect, test } from "bun:test";
import { parseBind } from "./binds.ts";
import { commandLine, mergeConfig, mergeEnv } from "./config.ts";
import { DetachScanner, parseDetachKeys } from "./detach-keys.ts";
import { parseName, randomName } from "./name.ts";
import { planNetwork } from "./network-plan.ts";
import { parseMount } from "./parse-mount.ts";
import { parseTmpfs } from "./parse-tmpfs.ts";
import { expandPorts, publishRequests } from "./ports.ts";
import { resourcesOf } from "./resources.ts";
import { nextDelay, parseRestartPolicy, startsAtBoot, wantsRestart } from "./restart-policy.ts";
import { initialState, next } from "./state.ts";
import { validateConfig } from "./validate.ts";

const at = "2026-01-01T00:00:00Z";

test("a run passes through created, running and exited, and keeps the exit code", () => {
  const running = next(initialState, { kind: "started", pid: 7, at, byPolicy: false });
  expect(running).toMatchObject({ phase: "running", pid: 7, startedAt: at });
  const exited = next(running, { kind: "exited", code: 3, oomKilled: false, at, restart: false });
  expect(exited).toMatchObject({ phase: "exited", pid: 0, exitCode: 3, finishedAt: at });
});

test("a container that never started stays created when its start fails, and keeps code and error", () => {
  expect(next(initialState, { kind: "start-failed", code: 127, error: "no such file" })).toMatchObject({
    phase: "created",
    exitCode: 127,
    error: "no such file",
  });
});

test("restarts by policy are counted, a start by hand begins anew", () => {
  const first = next(initialState, { kind: "started", pid: 1, at, byPolicy: false });
  const again = next(first, { kind: "started", pid: 2, at, byPolicy: true });
  expect(again.restartCount).toBe(1);
  expect(next(again, { kind: "started", pid: 3, at, byPolicy: false }).restartCount).toBe(0);
});

test("restart policies decide by exit code, count and who stopped", () => {
  const exit = { exitCode: 1, restartCount: 0, stoppedByUser: false };
  const onFailure = parseRestartPolicy({ Name: "on-failure", MaximumRetryCount: 2 });
  expect(wantsRestart(onFailure, exit)).toBe(true);
  expect(wantsRestart(onFailure, { ...exit, exitCode: 0 })).toBe(false);
  expect(wantsRestart(onFailure, { ...exit, restartCount: 2 })).toBe(false);
  const always = parseRestartPolicy({ Name: "always" });
  const unlessStopped = parseRestartPolicy({ Name: "unless-stopped" });
  expect(wantsRestart(always, { ...exit, stoppedByUser: true })).toBe(false);
  expect(startsAtBoot(always, { ...exit, stoppedByUser: true })).toBe(true);
  expect(startsAtBoot(unlessStopped, { ...exit, stoppedByUser: true })).toBe(false);
  expect(() => parseRestartPolicy({ Name: "often" })).toThrow("unknown policy 'often'");
  expect(() => parseRestartPolicy({ Name: "always", MaximumRetryCount: 1 })).toThrow("on-failure");
});

test("restart delays double up to a minute and begin anew after a steady run", () => {
  expect(nextDelay(0, 0)).toBe(100);
  expect(nextDelay(100, 50)).toBe(200);
  expect(nextDelay(51_200, 50)).toBe(60_000);
  expect(nextDelay(6400, 10_000)).toBe(100);
});

test("an entrypoint of the user drops the image's command", () => {
  const image = { Entrypoint: ["/entry"], Cmd: ["serve"], Env: ["A=1", "B=2"], WorkingDir: "/app" };
  expect(commandLine(mergeConfig({}, image, "id"))).toEqual(["/entry", "serve"]);
  expect(commandLine(mergeConfig({ Cmd: ["x"] }, image, "id"))).toEqual(["/entry", "x"]);
  expect(commandLine(mergeConfig({ Entrypoint: ["sh"] }, image, "id"))).toEqual(["sh"]);
  expect(commandLine(mergeConfig({ Entrypoint: [""], Cmd: ["ls"] }, image, "id"))).toEqual(["ls"]);
  expect(mergeConfig({ Env: ["B=3"] }, image, "id").Env).toEqual(["A=1", "B=3"]);
  expect(() => mergeConfig({}, {}, "id")).toThrow("no command specified");
});

test("a bare variable name takes the variable away", () => {
  expect(mergeEnv(["A=1", "B=2"], ["A", "C=3"])).toEqual(["B=2", "C=3"]);
});

test("names follow Docker's rule and random ones avoid what is taken", () => {
  expect(parseName("/web-1")).toBe("web-1");
  expect(() => parseName("a")).toThrow("Invalid container name (a), only");
  expect(() => parseName("../x")).toThrow("Invalid container name");
  let tries = 0;
  expect(randomName(() => ++tries <= 10)).toMatch(/^[a-z]+_[a-z]+\d+$/);
});

test("port bindings become publish requests, ranges one to one", () => {
  const base = { exposed: [], publishAll: false };
  expect(
    publishRequests({ ...base, bindings: { "80/tcp": [{ HostIp: "127.0.0.1", HostPort: "8080" }] } }),
  ).toEqual([{ protocol: "tcp", containerPort: 80, hostIP: "127.0.0.1", hostPort: 8080 }]);
  expect(publishRequests({ ...base, bindings: { "80": [{ HostPort: "8000-8010" }] } })).toEqual([
    { protocol: "tcp", containerPort: 80, hostIP: "", hostPort: 8000, hostPortEnd: 8010 },
  ]);
  expect(publishRequests({ ...base, bindings: { "53/udp": null } })).toEqual([
    { protocol: "udp", containerPort: 53, hostIP: "", hostPort: 0 },
  ]);
  expect(
    publishRequests({
      bindings: { "80/tcp": [{ HostPort: "1" }] },
      exposed: ["80/tcp", "90-91"],
      publishAll: true,
    }),
  ).toHaveLength(3);
  expect(() => publishRequests({ ...base, bindings: { "x/tcp": [] } })).toThrow("invalid port specification");
  expect(() => publishRequests({ ...base, bindings: { "80/tcp": [{ HostIp: "1.2.3" }] } })).toThrow("1.2.3");
  expect(expandPorts(["80", "80/tcp", "1-2/udp"])).toEqual(["80/tcp", "1/udp", "2/udp"]);
});

test("binds tell host paths from volume names", () => {
  expect(parseBind("/a/../b:/c/:ro")).toMatchObject({
    type: "bind",
    source: "/b",
    destination: "/c",
    writable: false,
    createSource: true,
  });
  expect(parseBind("data:/c:nocopy")).toMatchObject({ type: "volume", source: "data", noCopy: true });
  expect(parseBind("/c")).toMatchObject({ type: "volume", source: "", destination: "/c" });
  for (const bad of ["", ":/c", "/a:", "/a:c", "/a:/", "/a:/c:what", "a b:/c", "/a:/b:/c:/d"]) {
    expect(() => parseBind(bad)).toThrow();
  }
});

test("mounts of the long form are strict about their fields", () => {
  expect(parseMount({ Type: "bind", Source: "/a", Target: "/b", ReadOnly: true })).toMatchObject({
    type: "bind",
    writable: false,
    createSource: false,
  });
  expect(
    parseMount({ Type: "tmpfs", Target: "/t", TmpfsOptions: { SizeBytes: 9, Mode: 0o700 } }).options,
  ).toEqual(["noexec", "nosuid", "nodev", "size=9", "mode=700"]);
  expect(() => parseMount({ Type: "bind", Target: "/b" })).toThrow("field Source must not be empty");
  expect(() => parseMount({ Type: "bind", Source: "/a", Target: "" })).toThrow(
    "field Target must not be empty",
  );
  expect(() => parseMount({ Type: "tmpfs", Source: "/x", Target: "/b" })).toThrow("must not be specified");
  expect(() => parseMount({ Type: "bind", Source: "/a", Target: "/b", VolumeOptions: {} })).toThrow(
    "VolumeOptions",
  );
});

test("tmpfs words default to noexec, nosuid, nodev", () => {
  expect(parseTmpfs("/t", "exec,size=64m").options).toEqual(["nosuid", "nodev", "exec", "size=64m"]);
  expect(() => parseTmpfs("/t", "size=1;x")).toThrow("invalid tmpfs option");
});

test("the network mode's own endpoint stands first", () => {
  const plan = planNetwork("front", { back: { Aliases: ["x"] }, front: {} });
  expect(plan).toEqual({
    kind: "networks",
    endpoints: [
      { network: "front", settings: {} },
      { network: "back", settings: { Aliases: ["x"] } },
    ],
  });
  expect(planNetwork("host", {})).toEqual({ kind: "host" });
  expect(() => planNetwork("host", { a: {} })).toThrow("conflicting options");
});

test("limits become cgroup values, swap twice the memory", () => {
  expect(resourcesOf({ Memory: 1024, NanoCpus: 5e8, PidsLimit: 10 })).toEqual({
    memory: { limit: 1024, swap: 2048 },
    cpu: { period: 100_000, quota: 50_000 },
    pids: { limit: 10 },
  });
  expect(resourcesOf({ PidsLimit: -1, Memory: 0 })).toEqual({});
});

test("configs that could never run are refused", () => {
  expect(() => validateConfig({}, { ShmSize: -1 })).toThrow("SHM size can not be less than 0");
  expect(() => validateConfig({}, { OomScoreAdj: 1001 })).toThrow("range for oom score adj is [-1000, 1000]");
  expect(() => validateConfig({ WorkingDir: "x" }, {})).toThrow("needs to be an absolute path");
  expect(() => validateConfig({}, { AutoRemove: true, RestartPolicy: { Name: "always" } })).toThrow(
    "AutoRemove",
  );
  expect(() => validateConfig({}, { LogConfig: { Type: "syslog" } })).toThrow("no log driver named 'syslog'");
  expect(() => validateConfig({ StopSignal: "SIGNOPE" }, {})).toThrow("invalid signal");
  expect(() => validateConfig({}, { PidMode: "what" })).toThrow("invalid PID mode");
});

test("detach keys are found across chunks and what only looked like them is passed on", () => {
  const scanner = new DetachScanner(parseDetachKeys(""));
  expect(scanner.push(Uint8Array.of(97, 16))).toEqual({ pass: Uint8Array.of(97), detached: false });
  expect(scanner.push(Uint8Array.of(98))).toEqual({ pass: Uint8Array.of(16, 98), detached: false });
  expect(scanner.push(Uint8Array.of(16)).pass).toHaveLength(0);
  expect(scanner.push(Uint8Array.of(16, 17)).detached).toBe(true);
  expect([...parseDetachKeys("ctrl-@,a,ctrl-_")]).toEqual([0, 97, 31]);
  expect(() => parseDetachKeys("ctrl-1")).toThrow("Invalid detach keys");
});
