import { expect, test } from "bun:test";
import { digestOf } from "../base/index.ts";
import type { ContainerRecord, State } from "../container/index.ts";
import { createRequest } from "./container-decoder.ts";
import { filterContainers } from "./container-filter.ts";
import { matchesLabels, pruneFilter } from "./filter.ts";
import { boolean, integer, moment } from "./query.ts";
import { publishedPorts } from "./shapes/container-network.ts";
import { statusText } from "./shapes/time.ts";

const base: State = {
  phase: "created",
  pid: 0,
  exitCode: 0,
  error: "",
  oomKilled: false,
  startedAt: "",
  finishedAt: "",
  restartCount: 0,
  stoppedByUser: false,
};
const start = "2026-01-01T00:00:00Z";
const now = Date.parse(start) + 3 * 60_000;

function record(
  name: string,
  state: Partial<State> = {},
  more: Partial<ContainerRecord> = {},
): ContainerRecord {
  return {
    version: 1,
    id: digestOf(name).slice(7),
    name,
    created: start,
    image: digestOf("image"),
    chainID: undefined,
    config: { Image: "busybox", Labels: {} },
    hostConfig: { NetworkMode: "bridge" },
    endpoints: { bridge: {} },
    mounts: [],
    state: { ...base, ...state },
    ...more,
  };
}

test("the status column speaks as Docker's does", () => {
  const text = (state: Partial<State>, health?: "starting" | "healthy") =>
    statusText(
      record("x", state),
      health && { status: health, failingStreak: 0, log: [], [Symbol.dispose]: () => {} },
      now,
    );
  expect(text({})).toBe("Created");
  expect(text({ phase: "running", startedAt: start })).toBe("Up 3 minutes");
  expect(text({ phase: "running", startedAt: start }, "healthy")).toBe("Up 3 minutes (healthy)");
  expect(text({ phase: "running", startedAt: start }, "starting")).toBe("Up 3 minutes (health: starting)");
  expect(text({ phase: "paused", startedAt: start })).toBe("Up 3 minutes (Paused)");
  expect(text({ phase: "exited", exitCode: 137, finishedAt: start })).toBe("Exited (137) 3 minutes ago");
  expect(text({ phase: "restarting", exitCode: 1, finishedAt: start })).toBe("Restarting (1) 3 minutes ago");
});

test("container filters hold together and each value is an alternative", () => {
  const records = [
    record("web-1", { phase: "running", pid: 1 }, { config: { Labels: { app: "web", tier: "front" } } }),
    record(
      "web-2",
      { phase: "exited", exitCode: 3, startedAt: start },
      { config: { Labels: { app: "web" } } },
    ),
    record(
      "db",
      { phase: "running", pid: 2 },
      {
        endpoints: { back: {} },
        hostConfig: { NetworkMode: "back", PortBindings: { "80/tcp": [{ HostPort: "8080" }] } },
      },
    ),
  ];
  const find = (reference: string) => records.find((one) => one.name === reference);
  const get = (reference: string) => find(reference) ?? record(reference);
  const names = (filters: Record<string, string[]>) =>
    filterContainers(records, new Map(Object.entries(filters)), {
      store: { find, get },
      images: { find: () => undefined },
      network: {
        get: (name) => {
          throw new Error(name);
        },
      },
      health: () => undefined,
      published: (one) => publishedPorts(one, undefined),
    }).map((one) => one.name);
  expect(names({ name: ["web"] })).toEqual(["web-1", "web-2"]);
  expect(names({ name: ["^/web-1$"] })).toEqual(["web-1"]);
  expect(names({ label: ["app=web", "tier"] })).toEqual(["web-1"]);
  expect(names({ status: ["exited", "created"] })).toEqual(["web-2"]);
  expect(names({ exited: ["3"] })).toEqual(["web-2"]);
  expect(names({ network: ["back"] })).toEqual(["db"]);
  expect(names({ publish: ["8000-8080"] })).toEqual(["db"]);
  expect(names({ publish: ["80", "8080/udp"] })).toEqual([]);
  expect(names({ health: ["none"], name: ["db", "web-2"] })).toEqual(["web-2", "db"]);
  expect(() => names({ colour: ["red"] })).toThrow("invalid filter 'colour'");
  expect(() => names({ status: ["happy"] })).toThrow("invalid value for state (happy)");
  expect(() => names({ health: ["happy"] })).toThrow(
    "invalid filter 'health=happy': invalid value for health (happy): must be one of none, starting, healthy, unhealthy",
  );
  expect(() => names({ exited: ["x"] })).toThrow(
    `invalid filter 'exited=x': strconv.Atoi: parsing "x": invalid syntax`,
  );
  expect(() => names({ "is-task": ["x"] })).toThrow("invalid filter 'is-task=[x]'");
  expect(names({ "is-task": ["1"] })).toEqual([]);
});

test("prune filters ask for labels, their absence and age", () => {
  const item = { labels: { keep: "yes", env: "ci" }, created: start };
  const matches = (filters: Record<string, string[]>) => pruneFilter(new Map(Object.entries(filters)))(item);
  expect(matches({})).toBe(true);
  expect(matches({ label: ["env=ci"] })).toBe(true);
  expect(matches({ "label!": ["keep"] })).toBe(false);
  expect(matches({ until: ["2025-12-31T00:00:00Z"] })).toBe(false);
  expect(matches({ until: ["1h"] })).toBe(Date.parse(start) < Date.now() - 3_600_000);
  expect(matchesLabels({ a: "b=c" }, ["a=b=c"])).toBe(true);
});

test("query values are read as Docker reads them", () => {
  const query = new URLSearchParams("a=1&b=False&c=none&d&e=yes&n=-1&bad=x");
  expect(["a", "b", "c", "d", "e", "missing"].map((key) => boolean(query, key))).toEqual([
    true,
    false,
    false,
    false,
    true,
    false,
  ]);
  expect(integer(query, "n")).toBe(-1);
  expect(() => integer(query, "bad")).toThrow('parsing "x": invalid syntax');
  expect(moment("1700000000.5")).toBe(1_700_000_000_500_000_000n);
  expect(moment("2026-01-01T00:00:00Z")).toBe(1_767_225_600_000_000_000n);
  expect(moment("0")).toBeUndefined();
  expect(() => moment("soon")).toThrow("failed to parse value as time");
});

test("a create request keeps what it knows, fills in nothing and refuses wrong types", () => {
  const decoded = createRequest(
    {
      Image: "x",
      Cmd: "single",
      Env: null,
      Unknown: 1,
      HostConfig: {
        Binds: ["/a:/b"],
        Memory: 5,
        PortBindings: { "80/tcp": null, "81/tcp": [{ HostPort: "1" }] },
      },
      NetworkingConfig: { EndpointsConfig: { net: null } },
    },
    "",
  );
  expect(decoded).toEqual({
    Image: "x",
    Cmd: ["single"],
    HostConfig: {
      Binds: ["/a:/b"],
      Memory: 5,
      PortBindings: { "80/tcp": null, "81/tcp": [{ HostPort: "1" }] },
    },
    NetworkingConfig: { EndpointsConfig: { net: null } },
  });
  expect(() => createRequest({ HostConfig: { Memory: "5" } }, "")).toThrow(
    "json: cannot unmarshal string into Go struct field HostConfig.Memory of type int64",
  );
  expect(() => createRequest({ Env: "A=1" }, "")).toThrow("json: cannot unmarshal string");
  expect(() => createRequest([], "")).toThrow("json: cannot unmarshal array");
});
