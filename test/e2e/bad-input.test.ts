import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { type Answer, call, someSubnet } from "./api-client.ts";
import { freePort, startEngine, type TestEngine } from "./harness.ts";
import { eventually } from "./process.ts";

let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

const path = "/v1.51/containers/create";
async function ask(
  method: string,
  where: string,
  options: Parameters<typeof call>[3] = {},
): Promise<Pick<Answer, "status" | "body">> {
  const { status, body } = await call(engine, method, where, options);
  return { status, body };
}
const post = (text: string, headers: Record<string, string> = {}) => ask("POST", path, { text, headers });
const refused = (message: unknown, status = 400) => ({ status, body: { message } });

describe("bodies", () => {
  test("that are no JSON, or of wrong types, are refused in Go's words", async () => {
    const unmarshal = (what: string, field: string, type: string): string =>
      `invalid JSON: json: cannot unmarshal ${what} into Go struct field ${field} of type ${type}`;
    const cases: readonly (readonly [string, string])[] = [
      ["", "invalid JSON: got EOF while reading request body"],
      ["{", "invalid JSON: unexpected EOF"],
      ['{"Image": busybox}', "invalid JSON: invalid character 'b' looking for beginning of value"],
      ["{} {}", "invalid JSON: unexpected content after JSON"],
      ["null", "Config cannot be empty in order to create a container"],
      ["[]", "invalid JSON: json: cannot unmarshal array into Go value of type struct"],
      ['"text"', "invalid JSON: json: cannot unmarshal string into Go value of type struct"],
      ['{"Image":5}', unmarshal("number", "Image", "string")],
      ['{"HostConfig":{"Memory":"64m"}}', unmarshal("string", "HostConfig.Memory", "int64")],
      ['{"HostConfig":{"Memory":1.5}}', unmarshal("number 1.5", "HostConfig.Memory", "int64")],
      ['{"HostConfig":{"Memory":1e30}}', unmarshal("number 1e+30", "HostConfig.Memory", "int64")],
      ['{"HostConfig":{"Binds":{}}}', unmarshal("object", "HostConfig.Binds", "[]string")],
      ['{"HostConfig":[]}', unmarshal("array", "HostConfig", "struct")],
      ['{"Tty":"yes"}', unmarshal("string", "Tty", "bool")],
    ];
    for (const [text, message] of cases)
      expect({ text, ...(await post(text)) }).toEqual({ text, ...refused(message) });
    const deep = `{"Labels":${"[".repeat(100_000)}`;
    expect((await post(deep)).status).toBe(400);
  });

  test("may hold fields that nobody knows, and names in other letters", async () => {
    const { status, body } = await post(
      '{"image":"busybox","HOSTCONFIG":{"memory":67108864},"Nonsense":{"a":[1]}}',
    );
    expect(status).toBe(201);
    expect(await engine.inspect(body.Id, "{{.Config.Image}} {{.HostConfig.Memory}}")).toBe(
      "busybox 67108864",
    );
    await engine.ok(["rm", body.Id]);
  });

  test("that are too large, or of another kind, are refused without being kept", async () => {
    const large = await post(`{"Image":"${"x".repeat(9 * 1024 ** 2)}"}`);
    expect(large).toEqual(refused(expect.stringContaining("request body too large")));
    const form = await post("a=b", { "Content-Type": "application/x-www-form-urlencoded" });
    expect(form.body.message).toContain(
      "unsupported Content-Type header (application/x-www-form-urlencoded)",
    );
    const plain = { Image: "busybox" };
    const made = await ask("POST", path, {
      json: plain,
      headers: { "Content-Type": "application/json; charset=utf-8" },
    });
    expect(made.status).toBe(201);
    const started = await ask("POST", `/v1.51/containers/${made.body.Id}/start`, {
      text: '{"Binds":["/:/host"]}',
    });
    expect(started).toEqual(
      refused(
        "starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24",
      ),
    );
    await engine.ok(["rm", made.body.Id]);
  });
});

describe("requests", () => {
  /** Says some bytes and hears what comes until the engine hangs up or answers. */
  const say = async (bytes: string): Promise<string> => {
    const socket = connect(engine.socket);
    let heard = "";
    let closed = false;
    socket.on("data", (chunk) => {
      heard += chunk.toString("latin1");
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      closed = true;
    });
    socket.write(bytes);
    await eventually("an answer", () => closed || heard.includes("\r\n\r\n"));
    socket.destroy();
    return heard;
  };

  test("that abuse HTTP get an error or nothing, and the engine lives on", async () => {
    const pid = engine.pid;
    const host = "Host: engine\r\n";
    const cases: readonly (readonly [string, RegExp])[] = [
      [`GET /_ping HTTP/1.1\r\n${host}X: ${"x".repeat(200_000)}\r\n\r\n`, /^$|HTTP\/1\.1 4/],
      [`GET /${"a".repeat(200_000)} HTTP/1.1\r\n${host}\r\n`, /^$|HTTP\/1\.1 4/],
      ["\x00\x01\x02\x03\r\n\r\n", /^$|HTTP\/1\.1 400/],
      [`POST ${path} HTTP/1.1\r\n${host}Content-Length: -5\r\n\r\n`, /^$|HTTP\/1\.1 400/],
      [
        `POST ${path} HTTP/1.1\r\n${host}Content-Length: 2\r\nContent-Length: 5\r\n\r\n{}`,
        /^$|HTTP\/1\.1 400/,
      ],
      [
        `POST ${path} HTTP/1.1\r\n${host}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`,
        /^$|HTTP\/1\.1 400/,
      ],
      [`BREW /_ping HTTP/1.1\r\n${host}\r\n`, /^$|HTTP\/1\.1 4/],
      [`GET /containers/%zz/json HTTP/1.1\r\n${host}\r\n`, /HTTP\/1\.1 4/],
      [`GET /containers/..%2f..%2fetc/json HTTP/1.1\r\n${host}\r\n`, /HTTP\/1\.1 404/],
      [`GET /containers/a%00b/json HTTP/1.1\r\n${host}\r\n`, /HTTP\/1\.1 404/],
      [`GET /v1.999/_ping HTTP/1.1\r\n${host}\r\n`, /HTTP\/1\.1 400/],
      [`GET /containers/json?filters=%7B HTTP/1.1\r\n${host}\r\n`, /HTTP\/1\.1 400/],
      [`GET /containers/json?limit=many HTTP/1.1\r\n${host}\r\n`, /HTTP\/1\.1 400/],
    ];
    for (const [bytes, answer] of cases) expect(await say(bytes)).toMatch(answer);
    expect((await ask("GET", "/_ping")).status).toBe(200);
    expect(engine.pid).toBe(pid);
  });

  test("for containers that are not there say so, whatever is asked", async () => {
    const asked = ["json", "logs?stdout=1", "top", "changes", "stats?stream=0", "archive?path=/"].map(
      (what) => ["GET", what],
    );
    const told = [
      "start",
      "stop",
      "kill",
      "pause",
      "unpause",
      "restart",
      "wait",
      "rename?name=xy",
      "resize?h=1&w=1",
    ].map((what) => ["POST", what]);
    for (const [method = "", what] of [...asked, ...told]) {
      const answer = await ask(method, `/v1.51/containers/nobody/${what}`);
      expect({ what, ...answer }).toEqual({ what, ...refused("No such container: nobody", 404) });
    }
    expect(await ask("DELETE", "/v1.51/containers/nobody")).toEqual(
      refused("No such container: nobody", 404),
    );
    const name = await ask("POST", `${path}?name=a/b`, { json: { Image: "busybox" } });
    expect(name).toEqual(
      refused(
        expect.stringContaining("Invalid container name (a/b), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"),
      ),
    );
  });
});

describe("what Docker has and this engine has not", () => {
  test("is refused rather than left out", async () => {
    const subnet = someSubnet();
    const pool = { Subnet: `${subnet}.0/25` };
    const network = (more: object): [string, object] => ["/networks/create", { Name: "odd", ...more }];
    const option = (name: string, value: string): [string, object] =>
      network({ Options: { [`com.docker.network.${name}`]: value } });
    const cases: readonly (readonly [string, object | undefined, RegExp])[] = [
      [...network({ EnableIPv4: false }), /IPv4 or IPv6 must be enabled/],
      [...network({ Ingress: true }), /needs a swarm/],
      [...network({ Scope: "swarm" }), /needs a swarm/],
      [...network({ ConfigOnly: true }), /networks of configuration/],
      [...network({ ConfigFrom: { Network: "bridge" } }), /networks of configuration/],
      [...network({ IPAM: { Options: { a: "b" } } }), /IPAM options are not supported by this engine: a/],
      [
        ...network({ IPAM: { Config: [{ ...pool, AuxiliaryAddresses: { host: `${subnet}.200` } }] } }),
        /must belong to the master pool/,
      ],
      [...option("bridge.gateway_mode_ipv4", "isolated"), /not supported by this engine/],
      [...option("bridge.enable_icc", "maybe"), /invalid value/],
      [...option("driver.mtu", "wide"), /invalid value/],
      ["/build?memory=1000", undefined, /memory is not supported/],
      ["/build?ulimits=%5B%7B%7D%5D", undefined, /ulimits is not supported/],
      ["/build?squash=1", undefined, /squash is only supported with experimental mode/],
      ["/build/prune?keep-storage=5", undefined, /--disk-budget/],
      ["/build/prune?filters=%7B%22inuse%22%3A%5B%221%22%5D%7D", undefined, /invalid filter 'inuse'/],
    ];
    for (const [where, json, words] of cases) {
      const { status, body } = await ask("POST", `/v1.51${where}`, json ? { json } : {});
      expect({ where, json, status, message: body.message }).toEqual({
        where,
        json,
        status: where.includes("keep-storage") ? 501 : 400,
        message: expect.stringMatching(words),
      });
    }
    expect(await engine.ok(["network", "ls", "-q", "--filter", "name=odd"])).toBe("");
    await engine.ok(["create", "--name", "restored", "busybox"]);
    expect(await ask("POST", "/v1.51/containers/restored/start?checkpoint=c")).toEqual(
      refused("checkpoint is only supported in experimental mode"),
    );
    await engine.ok(["rm", "restored"]);
    const build = await engine.gantry(["build", "--cpu-shares", "5", "-"], { stdin: "FROM busybox\n" });
    expect(build.stderr).toContain("cpushares is not supported by this engine's builder");
  });
});

describe("what fails leaves nothing behind", () => {
  /** Everything an engine could forget: its directories, volumes, networks' members, and the machine's own lists. */
  const remains = async () => ({
    layers: readdirSync(join(engine.root, "snapshots/active")).sort(),
    containers: readdirSync(join(engine.root, "containers")),
    tasks: readdirSync(join(engine.runDirectory, "tasks")),
    volumes: await engine.ok(["volume", "ls", "-q"]),
    members: await engine.ok(["network", "inspect", "-f", "{{len .Containers}}", "bridge"]),
    machine: engine
      .traces()
      .filter((line) => !line.startsWith("process: "))
      .sort(),
  });

  test("of a create", async () => {
    await engine.ok(["create", "--name", "first", "busybox"]);
    const before = await remains();
    const cases: readonly (readonly [readonly string[], string])[] = [
      [["--name", "first", "-v", "/anonymous"], "Conflict. The container name"],
      [
        ["-v", "/anonymous", "--mount", "type=bind,source=/nonesuch,target=/m"],
        "bind source path does not exist",
      ],
      [
        ["--mount", "type=image,source=busybox,target=/i", "--mount", "type=bind,source=/nonesuch,target=/m"],
        "bind source path does not exist",
      ],
      [["-v", "/anonymous", "--mount", "type=image,source=nonesuch,target=/m"], "No such image: nonesuch"],
      [["-v", "/anonymous", "--volumes-from", "nobody"], "No such container: nobody"],
      [["-m", "1m"], "Minimum memory limit allowed is 6MB"],
      [["--log-driver", "nonesuch"], "no log driver named 'nonesuch' is registered"],
      [["--log-opt", "nonesuch=1"], "unknown log opt 'nonesuch'"],
      [["--stop-signal", "SIGNOPE"], "SIGNOPE"],
      [["-e", "A=b", "--ulimit", "nofile=5:4"], "ulimit soft limit must be less than or equal to hard limit"],
    ];
    for (const [flags, words] of cases) {
      const { code, stderr } = await engine.docker(["create", ...flags, "busybox", "true"]);
      expect({ flags, failed: code !== 0, stderr }).toEqual({
        flags,
        failed: true,
        stderr: expect.stringContaining(words),
      });
    }
    expect(await remains()).toEqual(before);
    await engine.ok(["rm", "first"]);
  });

  test("of a start", async () => {
    const port = freePort();
    const subnet = someSubnet();
    await engine.ok(["network", "create", "--subnet", `${subnet}.0/24`, "narrow"]);
    await engine.ok([
      "run",
      "-d",
      "--name",
      "holder",
      "--network",
      "narrow",
      "--ip",
      `${subnet}.9`,
      "-p",
      `127.0.0.1:${port}:80`,
      "busybox",
      "sleep",
      "1000",
    ]);
    const before = await remains();
    const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
      [["busybox", "nonesuch"], 127, /executable file not found in \$PATH/],
      [["busybox", "/etc"], 126, /permission denied|is a directory/],
      [["-u", "nobody-here", "busybox", "true"], 125, /no matching entries in passwd file/],
      [
        ["-p", `127.0.0.1:${port}:80`, "busybox", "true"],
        125,
        /port is already allocated|address already in use/i,
      ],
      [["--network", "narrow", "--ip", `${subnet}.9`, "busybox", "true"], 125, /Address already in use/i],
      [["--network", "nonesuch", "busybox", "true"], 125, /network nonesuch not found/],
      [["--device", "/dev/nonesuch", "busybox", "true"], 127, /no such file or directory/],
      [["-v", "/etc/passwd:/etc", "busybox", "true"], 125, /not a directory/i],
      [["-m", "6m", "--ulimit", "nproc=0", "-h", "x".repeat(80), "busybox", "true"], 125, /./],
      [["-v", "/anonymous", "--entrypoint", "", "busybox"], 125, /no command specified/],
    ];
    for (const [flags, code, words] of cases) {
      const done = await engine.docker(["run", "--rm", ...flags]);
      expect({ flags, code: done.code, stderr: done.stderr }).toEqual({
        flags,
        code,
        stderr: expect.stringMatching(words),
      });
    }
    expect(await remains()).toEqual(before);
    await engine.ok(["rm", "-f", "holder"]);
    await engine.ok(["network", "rm", "narrow"]);
  });
});
