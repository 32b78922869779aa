import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { realpathSync } from "node:fs";
import { someSubnet } from "./api-client.ts";
import { freePort, startEngine, type TestEngine } from "./harness.ts";
import { eventually } from "./process.ts";

let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

/** A container that answers each request on port 80 with its host name. */
const answering = [
  "busybox",
  "sh",
  "-c",
  "mkdir /www; hostname > /www/index.html; exec httpd -f -p 80 -h /www",
];

/** A command that prints what a web server says. A shell is around it, since process 1 ignores the signal of `timeout`. */
const get = (host: string, port = 80): string[] => [
  "sh",
  "-c",
  `timeout 2 wget -q -O - http://${host}:${port}/; exit $?`,
];

/** What a host process gets from a port; undefined when nothing answers. */
async function ask(port: number, host = "127.0.0.1"): Promise<string | undefined> {
  try {
    const response = await fetch(`http://${host}:${port}/`, {
      keepalive: false,
      signal: AbortSignal.timeout(2000),
    });
    return (await response.text()).trim();
  } catch {
    return undefined;
  }
}
const answer = (port: number): Promise<string> => eventually(`an answer on port ${port}`, () => ask(port));

/** Waits until a server answers on a network. */
const ready = (network: string, host: string): Promise<boolean> =>
  eventually(`${host} to answer`, async () => {
    const { code } = await engine.docker(["run", "--rm", "--network", network, "busybox", ...get(host)]);
    return code === 0 ? true : undefined;
  });

describe("the default bridge", () => {
  test("gives each container an address, a gateway and a loopback", async () => {
    const text = await engine.ok([
      "run",
      "--rm",
      "busybox",
      "sh",
      "-c",
      "ip -4 addr show eth0; ip route; ip addr show lo; ip link",
    ]);
    expect(text).toMatch(/inet \d+\.\d+\.\d+\.\d+\/\d+/);
    expect(text).toMatch(/default via \d+\.\d+\.\d+\.\d+ dev eth0/);
    expect(text).toContain("inet 127.0.0.1/8");
  });

  test("lets containers reach each other by address, but not by name", async () => {
    await engine.ok(["run", "-d", "--name", "plain", ...answering]);
    const address = await engine.inspect("plain", "{{.NetworkSettings.IPAddress}}");
    const other = (host: string) => engine.docker(["run", "--rm", "busybox", ...get(host)]);
    await eventually("the container to answer", async () =>
      (await other(address)).code === 0 ? true : undefined,
    );
    expect((await other("plain")).code).not.toBe(0);
    await engine.ok(["rm", "-f", "plain"]);
  });
});

describe("a network of the user's", () => {
  test("resolves names, aliases and short IDs, forwards and backwards", async () => {
    await engine.ok(["network", "create", "names"]);
    const id = await engine.ok([
      "run",
      "-d",
      "--network",
      "names",
      "--network-alias",
      "nick",
      "--name",
      "server",
      ...answering,
    ]);
    const address = await engine.inspect("server", "{{.NetworkSettings.Networks.names.IPAddress}}");
    for (const name of ["server", "nick", id.slice(0, 12)]) {
      const { stdout, code } = await engine.docker([
        "run",
        "--rm",
        "--network",
        "names",
        "busybox",
        "nslookup",
        "-type=a",
        name,
      ]);
      expect(code).toBe(0);
      expect(stdout).toContain(address);
    }
    await ready("names", "server");
    const reached = await engine.ok(["run", "--rm", "--network", "names", "busybox", ...get("server")]);
    expect(reached).toBe(await engine.inspect("server", "{{.Config.Hostname}}"));
    expect(
      (await engine.docker(["run", "--rm", "--network", "names", "busybox", "nslookup", "nonesuch"])).code,
    ).not.toBe(0);
    await engine.ok(["rm", "-f", "server"]);
    await engine.ok(["network", "rm", "names"]);
  });

  test("keeps its containers apart from other networks", async () => {
    await engine.ok(["network", "create", "one"]);
    await engine.ok(["network", "create", "two"]);
    await engine.ok(["run", "-d", "--network", "one", "--name", "inside", ...answering]);
    const address = await engine.inspect("inside", "{{.NetworkSettings.Networks.one.IPAddress}}");
    const from = (network: string, host: string) =>
      engine.docker(["run", "--rm", "--network", network, "busybox", ...get(host)]);
    await eventually("the network's own to answer", async () =>
      (await from("one", address)).code === 0 ? true : undefined,
    );
    expect((await from("two", address)).code).not.toBe(0);
    expect((await from("two", "inside")).code).not.toBe(0);
    expect((await from("bridge", address)).code).not.toBe(0);
    await engine.ok(["rm", "-f", "inside"]);
    await engine.ok(["network", "rm", "one", "two"]);
  });

  test("joins and leaves a running container", async () => {
    await engine.ok(["network", "create", "later"]);
    await engine.ok(["run", "-d", "--name", "joiner", "busybox", "sleep", "1000"]);
    for (const [flags, words] of [
      [["--ip6", "fd00::9"], "has no IPv6 subnet"],
      [["--link-local-ip", "169.254.1.1"], "has no link-local addresses"],
      [["--link", "joiner:me"], "Links are made when a container is created"],
      [["--driver-opt", "a=b"], "does not know the driver option a"],
    ] as const) {
      const { code, stderr } = await engine.docker(["network", "connect", ...flags, "later", "joiner"]);
      expect({ flags, code, stderr }).toEqual({ flags, code: 1, stderr: expect.stringContaining(words) });
    }
    await engine.ok(["network", "connect", "--alias", "joined", "later", "joiner"]);
    expect(
      (await engine.docker(["run", "--rm", "--network", "later", "busybox", "nslookup", "-type=a", "joined"]))
        .code,
    ).toBe(0);
    expect(await engine.ok(["exec", "joiner", "ip", "link"])).toContain("eth1");
    await engine.ok(["network", "disconnect", "later", "joiner"]);
    expect(await engine.ok(["exec", "joiner", "ip", "link"])).not.toContain("eth1");
    await engine.ok(["rm", "-f", "joiner"]);
    await engine.ok(["network", "rm", "later"]);
  });

  test("is listed, inspected and refused in Docker's words", async () => {
    const subnet = someSubnet();
    const reserved = ["--aux-address", `printer=${subnet}.2`];
    await engine.ok([
      ...["network", "create", "--subnet", `${subnet}.0/24`, ...reserved],
      ...["--label", "a=b", "chosen"],
    ]);
    expect(
      await engine.ok([
        "network",
        "inspect",
        "-f",
        "{{(index .IPAM.Config 0).Subnet}} {{.Driver}}",
        "chosen",
      ]),
    ).toBe(`${subnet}.0/24 bridge`);
    expect(
      (await engine.ok(["network", "ls", "--filter", "label=a", "--format", "{{.Name}}"])).split("\n"),
    ).toEqual(["chosen"]);
    expect((await engine.ok(["network", "ls", "--format", "{{.Name}}"])).split("\n").sort()).toEqual([
      "bridge",
      "chosen",
      "host",
      "none",
    ]);
    const twice = await engine.docker(["network", "create", "chosen"]);
    expect(twice.stderr).toContain("network with name chosen already exists");
    const overlapping = await engine.docker(["network", "create", "--subnet", `${subnet}.128/25`, "overlap"]);
    expect(overlapping.code).toBe(1);
    expect(overlapping.stderr).toMatch(/overlap/);
    await engine.ok([
      "run",
      "-d",
      "--network",
      "chosen",
      "--ip",
      `${subnet}.77`,
      "--name",
      "fixed",
      "busybox",
      "sleep",
      "1000",
    ]);
    expect(await engine.ok(["exec", "fixed", "ip", "addr", "show", "eth0"])).toContain(
      `inet ${subnet}.77/24`,
    );
    const first = ["run", "--rm", "--network", "chosen", "busybox", "ip", "addr", "show", "eth0"];
    expect(await engine.ok(first)).toContain(`inet ${subnet}.3/24`);
    const template = "{{json (index .IPAM.Config 0).AuxAddress}}";
    expect(await engine.ok(["network", "inspect", "-f", template, "chosen"])).toBe(
      `{"printer":"${subnet}.2"}`,
    );
    const busy = await engine.docker(["network", "rm", "chosen"]);
    expect(busy.code).toBe(1);
    expect(busy.stderr).toContain("has active endpoints");
    await engine.ok(["rm", "-f", "fixed"]);
    await engine.ok(["network", "rm", "chosen"]);
    expect((await engine.docker(["network", "rm", "bridge"])).stderr).toMatch(/pre-defined/);
    expect(
      (await engine.docker(["run", "--rm", "--network", "nonesuch", "busybox", "true"])).stderr,
    ).toContain("network nonesuch not found");
  });
});

describe("other network modes", () => {
  test("none has a loopback alone, host has the host's links", async () => {
    const links = async (mode: string): Promise<string[]> =>
      (await engine.ok(["run", "--rm", "--network", mode, "busybox", "ls", "/sys/class/net"]))
        .split("\n")
        .sort();
    expect(await links("none")).not.toContain("eth0");
    expect(await links("host")).toContain(`${engine.prefix}0`);
  });

  test("a container can share another's network", async () => {
    await engine.ok(["run", "-d", "--name", "owner", ...answering]);
    const same = ["run", "--rm", "--network", "container:owner", "busybox"];
    const text = await eventually("an answer", async () => {
      const { stdout, code } = await engine.docker([...same, ...get("127.0.0.1")]);
      return code === 0 ? stdout.trim() : undefined;
    });
    expect(text).toBe(await engine.inspect("owner", "{{.Config.Hostname}}"));
    await engine.ok(["rm", "-f", "owner"]);
  });
});

describe("published ports", () => {
  test("lead from the host to the container", async () => {
    const port = freePort();
    await engine.ok(["run", "-d", "-p", `${port}:80`, "--name", "web", ...answering]);
    expect(await answer(port)).toBe(await engine.inspect("web", "{{.Config.Hostname}}"));
    expect(await engine.ok(["port", "web"])).toContain(`80/tcp -> 0.0.0.0:${port}`);
    expect(await engine.ok(["ps", "--filter", "name=web", "--format", "{{.Ports}}"])).toContain(
      `0.0.0.0:${port}->80/tcp`,
    );
    await engine.ok(["rm", "-f", "web"]);
    expect(await ask(port)).toBeUndefined();
  });

  test("lead from other containers over the host's address, and from the container itself", async () => {
    const port = freePort();
    await engine.ok(["run", "-d", "-p", `${port}:80`, "--name", "shared", ...answering]);
    await answer(port);
    const gateway = await engine.inspect("shared", "{{.NetworkSettings.Gateway}}");
    await engine.ok(["network", "create", "elsewhere"]);
    const name = await engine.inspect("shared", "{{.Config.Hostname}}");
    const from = (...args: string[]) => engine.docker([...args, ...get(gateway, port)]);
    expect((await from("run", "--rm", "busybox")).stdout.trim()).toBe(name);
    expect((await from("exec", "shared")).stdout.trim()).toBe(name);
    await engine.ok(["rm", "-f", "shared"]);
    await engine.ok(["network", "rm", "elsewhere"]);
  });

  test("are chosen by the engine when left open, and bound to one address when asked", async () => {
    await engine.ok(["run", "-d", "-p", "127.0.0.1::80", "--name", "any", ...answering]);
    const [host, port] = (await engine.ok(["port", "any", "80"])).split(":");
    expect(host).toBe("127.0.0.1");
    expect(await answer(Number(port))).toBe(await engine.inspect("any", "{{.Config.Hostname}}"));
    await engine.ok(["rm", "-f", "any"]);
  });

  test("carry UDP", async () => {
    const port = freePort();
    // Nothing in busybox listens for UDP: the host's own node does, in the container's network.
    const script =
      "const s=require('dgram').createSocket('udp4');s.on('message',(m,r)=>s.send(m,r.port,r.address));s.bind(99)";
    const node = realpathSync(Bun.which("node") ?? "node");
    const echo = ["-v", "/:/host:ro", "busybox", "chroot", "/host", node, "-e", script];
    await engine.ok(["run", "-d", "-p", `${port}:99/udp`, "--name", "udp", ...echo]);
    const socket = await Bun.udpSocket({
      connect: { hostname: "127.0.0.1", port },
      socket: {
        data: (_, data) => received.resolve(data.toString()),
        // The server is not up yet.
        error: () => {},
      },
    });
    const received = Promise.withResolvers<string>();
    const text = await eventually("an answer over UDP", async () => {
      socket.send("echo");
      return await Promise.race([received.promise, Bun.sleep(100).then(() => undefined)]);
    });
    socket.close();
    expect(text).toBe("echo");
    await engine.ok(["rm", "-f", "udp"]);
  });

  test("are refused when taken, by a container or by a process of the host", async () => {
    const port = freePort();
    await engine.ok(["run", "-d", "-p", `${port}:80`, "--name", "first", ...answering]);
    const second = await engine.docker(["run", "-d", "-p", `${port}:80`, "--name", "second", ...answering]);
    expect(second.code).toBe(125);
    expect(second.stderr).toContain(`Bind for 0.0.0.0:${port} failed: port is already allocated`);
    expect(await engine.inspect("second", "{{.State.Status}}")).toBe("created");
    await engine.ok(["rm", "-f", "first", "second"]);

    const listener = Bun.listen({ hostname: "0.0.0.0", port: 0, socket: { data: () => {} } });
    const third = await engine.docker([
      "run",
      "--name",
      "third",
      "-p",
      `${listener.port}:80`,
      "busybox",
      "true",
    ]);
    listener.stop(true);
    expect(third.code).toBe(125);
    expect(third.stderr).toMatch(/address already in use|port is already allocated/);
    await engine.ok(["rm", "-f", "third"]);
  });

  test("are free again once the container has ended", async () => {
    const port = freePort();
    for (let round = 0; round < 3; round++) {
      expect((await engine.docker(["run", "--rm", "-p", `${port}:80`, "busybox", "true"])).code).toBe(0);
    }
  });
});
