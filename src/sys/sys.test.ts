import { afterAll, afterEach, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createNetworkNamespace,
  getAttribute,
  hasCode,
  hasProjectQuotas,
  holdPort,
  limitProject,
  makeNode,
  openAt2,
  removeNetworkNamespace,
  resolveFlags,
  SystemError,
  setAttribute,
  setProject,
  unmount,
  withNetworkNamespace,
} from "./index.ts";
import { deviceOf } from "./project-quota.ts";

const directory = mkdtempSync(join(tmpdir(), "gantry-sys-"));
const cleanups: Array<() => void> = [];
afterEach(() => {
  for (const clean of cleanups.splice(0).reverse()) clean();
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function namespace(name: string): string {
  const path = join(directory, name);
  createNetworkNamespace(path);
  cleanups.push(() => removeNetworkNamespace(path));
  return path;
}

function thrown(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe("network namespaces", () => {
  test("work runs inside and the thread is back afterwards, also after a throw", () => {
    const path = namespace("one");
    const own = readlinkSync("/proc/thread-self/ns/net");
    const inside = withNetworkNamespace(path, () => readlinkSync("/proc/thread-self/ns/net"));
    expect(inside).not.toBe(own);
    expect(
      thrown(() =>
        withNetworkNamespace(path, () => {
          throw new Error("inside");
        }),
      ),
    ).toBeInstanceOf(Error);
    expect(readlinkSync("/proc/thread-self/ns/net")).toBe(own);
  });

  test("a taken path is a conflict and a removed one leaves neither file nor mount", () => {
    const path = namespace("two");
    expect(
      hasCode(
        thrown(() => createNetworkNamespace(path)),
        "EEXIST",
      ),
    ).toBe(true);
    removeNetworkNamespace(path);
    expect(existsSync(path)).toBe(false);
    expect(readFileSync("/proc/self/mountinfo", "utf8")).not.toContain(path);
    removeNetworkNamespace(path);
    cleanups.pop();
  });
});

describe("held ports", () => {
  test("a held port is refused to others until it is given back", async () => {
    const held = holdPort("tcp", "127.0.0.1", 0);
    expect(
      hasCode(
        thrown(() => holdPort("tcp", "0.0.0.0", held.port)),
        "EADDRINUSE",
      ),
    ).toBe(true);
    held[Symbol.dispose]();
    using again = holdPort("tcp", "0.0.0.0", held.port);
    expect(again.port).toBe(held.port);
  });

  test("a port with connections in TIME_WAIT can be held, and then by nobody else", async () => {
    const server = createServer((socket) => socket.end());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address ? address.port : 0;
    const { promise, resolve } = Promise.withResolvers<void>();
    await Bun.connect({ hostname: "127.0.0.1", port, socket: { data() {}, close: () => resolve() } });
    await promise;
    await new Promise((done) => server.close(done));
    using held = holdPort("tcp", "0.0.0.0", port);
    expect(held.port).toBe(port);
    expect(
      hasCode(
        thrown(() => holdPort("tcp", "127.0.0.1", port)),
        "EADDRINUSE",
      ),
    ).toBe(true);
    expect(thrown(() => Bun.listen({ hostname: "127.0.0.1", port, socket: { data() {} } }))).toBeDefined();
  });

  test("UDP and TCP ports of one number are independent", () => {
    using tcp = holdPort("tcp", "127.0.0.1", 0);
    using udp = holdPort("udp", "127.0.0.1", tcp.port);
    expect(udp.port).toBe(tcp.port);
  });
});

describe("files and mounts", () => {
  test("openat2 refuses to leave the directory", () => {
    const error = thrown(() => openAt2(-100, "../etc", { flags: 0, resolve: resolveFlags.beneath }));
    expect(error).toBeInstanceOf(SystemError);
    expect(hasCode(error, "EXDEV")).toBe(true);
  });

  test("attributes and nodes come back as written", () => {
    const path = join(directory, "node");
    makeNode(path, { mode: 0o020600 });
    setAttribute(path, "trusted.gantry", Buffer.from("y"));
    expect(Buffer.from(getAttribute(path, "trusted.gantry") ?? []).toString()).toBe("y");
    expect(getAttribute(path, "trusted.other")).toBeUndefined();
  });

  test("a file system without quotas of projects says so, and one without a disk has no device", () => {
    expect(hasProjectQuotas("/proc")).toBe(false);
    expect(thrown(() => limitProject("/proc", 1_000_000, 4096))).toBeInstanceOf(SystemError);
    expect(thrown(() => setProject("/proc", 1_000_000))).toBeInstanceOf(SystemError);
    expect(deviceOf("/proc")).toBeUndefined();
  });

  test("what is not mounted cannot be unmounted", () => {
    expect(
      hasCode(
        thrown(() => unmount(mkdtempSync(join(directory, "mount-")))),
        "EINVAL",
      ),
    ).toBe(true);
  });
});
