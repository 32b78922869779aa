import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { startEngine, type TestEngine } from "./harness.ts";
import { Journal } from "./journal.ts";
import { eventually } from "./process.ts";

let engine: TestEngine;
let journal: Journal;
beforeAll(async () => {
  journal = await Journal.listen();
  engine = await startEngine({ arguments: ["--journal", journal.path] });
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  await journal[Symbol.asyncDispose]();
});

/** Names of a container's log files. */
async function filesOf(name: string): Promise<string[]> {
  return readdirSync(await directoryOf(name)).sort();
}

async function directoryOf(name: string): Promise<string> {
  return join(engine.root, "containers", await engine.inspect(name, "{{.Id}}"), "log");
}

const numbers = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, index) => `${first + index}\n`).join("");

describe("the default log driver", () => {
  test("is called local, rotates, compresses, and loses nothing that it keeps", async () => {
    const options = ["--log-opt", "max-size=300k", "--log-opt", "max-file=20"];
    const script = "seq 200000; read x; seq 200001 200010";
    await engine.ok(["run", "-d", "-i", "--name", "many", ...options, "busybox", "sh", "-c", script]);
    await eventually("the numbers to be written", async () =>
      (await engine.ok(["logs", "--tail", "1", "many"])) === "200000" ? true : undefined,
    );
    expect(await engine.inspect("many", "{{.HostConfig.LogConfig.Type}}{{.LogPath}}")).toBe("local");
    expect(await engine.ok(["info", "-f", "{{.LoggingDriver}}"])).toBe("local");
    await eventually("all old parts to be compressed", async () => {
      const files = await filesOf("many");
      const old = files.filter((name) => /^log\.\d+/.test(name));
      return old.length > 4 && old.every((name) => name.endsWith(".zst")) ? true : undefined;
    });
    const all = (await engine.docker(["logs", "many"])).stdout;
    expect(all === numbers(1, 200_000)).toBe(true);
    expect(
      (await engine.docker(["logs", "--tail", "150000", "many"])).stdout === numbers(50_001, 200_000),
    ).toBe(true);
    const timed = (await engine.docker(["logs", "-t", "many"])).stdout.split("\n").slice(0, -1);
    const place = timed.findIndex((line) => line.endsWith(" 60000"));
    const since = timed[place]?.split(" ")[0] ?? "";
    const from = timed.findIndex((line) => line.startsWith(since));
    const later = (await engine.docker(["logs", "-t", "--since", since, "many"])).stdout
      .split("\n")
      .slice(0, -1);
    // The rest of a line that began before that time may come first.
    expect(later.slice(later.length - timed.length + from)).toEqual(timed.slice(from));
    expect(later.length - timed.length + from).toBeLessThanOrEqual(1);
    const earlier = (await engine.docker(["logs", "-t", "--until", since, "many"])).stdout;
    // The last line may have gone on after that time.
    expect(timed.join("\n").startsWith(earlier)).toBe(true);
    expect(earlier.split("\n").at(-2)).toStartWith(since);
    await using follower = engine.follow(["logs", "-f", "--tail", "100000", "many"]);
    await follower.until("200000\n");
    await using input = engine.follow(["attach", "many"]);
    await input.write("\n");
    expect(await follower.exited()).toBe(0);
    expect(follower.stdout === numbers(100_001, 200_010)).toBe(true);
    await engine.ok(["rm", "many"]);
  });

  test("is read to its end by who follows slowly, also when the container is gone before", async () => {
    const options = ["--log-opt", "max-size=200k", "--log-opt", "max-file=50"];
    const script = "echo begin; read x; seq 150000";
    await engine.ok([
      "run",
      "-d",
      "-i",
      "--rm",
      "--name",
      "hasty",
      ...options,
      "busybox",
      "sh",
      "-c",
      script,
    ]);
    const directory = await directoryOf("hasty");
    await using follower = engine.follow(["logs", "-f", "hasty"]);
    await follower.until("begin");
    follower.signal("SIGSTOP");
    await using input = engine.follow(["attach", "hasty"]);
    await input.write("\n");
    await eventually("the container to be gone", async () =>
      (await engine.ok(["ps", "-aq", "--filter", "name=hasty"])) === "" ? true : undefined,
    );
    follower.signal("SIGCONT");
    expect(await follower.exited()).toBe(0);
    expect(follower.stdout === `begin\n${numbers(1, 150_000)}`).toBe(true);
    await eventually("its log to be deleted", () => (existsSync(directory) ? undefined : true));
  });

  test("gives all output to who runs a container with --rm and reads slowly", async () => {
    const options = ["--log-opt", "max-size=200k", "--log-opt", "max-file=50"];
    const script = "echo begin; seq 150000; exit 7";
    await using reader = engine.follow([
      "run",
      "--rm",
      "--name",
      "piped",
      ...options,
      "busybox",
      "sh",
      "-c",
      script,
    ]);
    await reader.until("begin");
    reader.signal("SIGSTOP");
    await eventually("the container to be gone", async () =>
      (await engine.ok(["ps", "-aq", "--filter", "name=piped"])) === "" ? true : undefined,
    );
    reader.signal("SIGCONT");
    expect(await reader.exited()).toBe(7);
    expect(reader.stdout === `begin\n${numbers(1, 150_000)}`).toBe(true);
  });

  test("goes on in a new file when its directory is removed, and in new files when those are", async () => {
    await engine.ok([
      "run",
      "-d",
      "-i",
      "--name",
      "robbed",
      "busybox",
      "sh",
      "-c",
      "while read x; do echo $x; done",
    ]);
    const directory = await directoryOf("robbed");
    await using input = engine.follow(["attach", "robbed"]);
    await input.write("before\n");
    await input.until("before");
    rmSync(directory, { recursive: true });
    await input.write("between\n");
    await input.until("between");
    for (const name of ["log", "log.idx"]) rmSync(join(directory, name));
    await input.write("after\n");
    await input.until("after");
    expect(await engine.ok(["logs", "robbed"])).toBe("after");
    await engine.ok(["rm", "-f", "robbed"]);
  });

  test("says in the log what a full disk cost, and the container goes on", async () => {
    await engine.ok([
      "create",
      "-i",
      "--name",
      "full",
      "busybox",
      "sh",
      "-c",
      "seq 200000; read x; echo room again",
    ]);
    const directory = await directoryOf("full");
    mkdirSync(directory, { recursive: true });
    expect(Bun.spawnSync(["mount", "-t", "tmpfs", "-o", "size=256k", "none", directory]).success).toBe(true);
    try {
      await engine.ok(["start", "full"]);
      await using input = engine.follow(["attach", "full"]);
      await eventually("the engine to hear of it", () => engine.log.includes("ENOSPC") || undefined);
      await eventually("the container to wait for input", async () =>
        (await engine.ok(["top", "full", "-o", "pid,comm"])).includes("seq") ? undefined : true,
      );
      expect(Bun.spawnSync(["mount", "-o", "remount,size=4m", directory]).success).toBe(true);
      await input.write("\n");
      expect(await engine.ok(["wait", "full"])).toBe("0");
      const { stdout, stderr } = await engine.docker(["logs", "full"]);
      expect(stdout).toStartWith("1\n2\n3\n");
      expect(stdout).toEndWith("room again\n");
      expect(stderr).toMatch(/gantry: \d+ bytes of output were lost here.*No space left on device/);
    } finally {
      Bun.spawnSync(["umount", "-l", directory]);
    }
    await engine.ok(["rm", "-f", "full"]);
  });

  test("marks lines with what was asked for, and cuts long ones like Docker", async () => {
    const marks = [
      "--label",
      "team=one two",
      "-e",
      "STAGE=a/b",
      "--log-opt",
      "labels=team",
      "--log-opt",
      "env-regex=^ST",
    ];
    await engine.ok([
      "run",
      "--name",
      "marked",
      ...marks,
      "busybox",
      "sh",
      "-c",
      "head -c 40000 /dev/zero | tr '\\0' x; echo; echo end",
    ]);
    const lines = (await engine.docker(["logs", "--details", "-t", "marked"])).stdout.split("\n");
    expect(lines[1]).toMatch(/^\d{4}-\S+Z STAGE=a%2Fb,team=one\+two end$/);
    expect(lines[0]?.match(/STAGE=a%2Fb,team=one\+two /g)).toHaveLength(3);
    expect((await engine.docker(["logs", "--tail", "1", "marked"])).stdout).toBe("end\n");
    await engine.ok(["rm", "marked"]);
  });
});

describe("json-file", () => {
  test("is Docker's format at LogPath, with marks", async () => {
    const options = ["--label", "a=b", "--log-opt", "labels=a", "--log-opt", "tag={{.Name}}/{{.ID}}"];
    const script = "printf 'one <&> \\351\\n'; echo two >&2; printf 'no end'";
    await engine.ok([
      "run",
      "--name",
      "json",
      "--log-driver",
      "json-file",
      ...options,
      "busybox",
      "sh",
      "-c",
      script,
    ]);
    const path = await engine.inspect("json", "{{.LogPath}}");
    const id = await engine.inspect("json", "{{.Id}}");
    expect(path).toBe(join(engine.root, "containers", id, `${id}-json.log`));
    const text = readFileSync(path, "utf8");
    expect(text).toContain('"log":"one \\u003c\\u0026\\u003e \\ufffd\\n"');
    const lines = text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines.map(({ log, stream }) => `${stream} ${log}`).sort()).toEqual(
      ["stderr two\n", "stdout no end", "stdout one <&> \ufffd\n"].sort(),
    );
    expect(lines[0].attrs).toEqual({ a: "b", tag: `json/${id.slice(0, 12)}` });
    expect(Date.parse(lines[0].time)).toBeGreaterThan(Date.now() - 60_000);
    const { stdout, stderr } = await engine.docker(["logs", "json"]);
    expect({ stdout, stderr }).toEqual({ stdout: "one <&> \ufffd\nno end", stderr: "two\n" });
    expect((await engine.docker(["logs", "--details", "--tail", "1", "json"])).stdout).toContain(
      `a=b,tag=json%2F${id.slice(0, 12)} no end`,
    );
    await engine.ok(["rm", "json"]);
    await eventually("the log to be deleted", async () => !existsSync(path));
  });

  test("is followed over rotation and compression, and read back from all files", async () => {
    const options = ["--log-opt", "max-size=400k", "--log-opt", "max-file=30", "--log-opt", "compress=true"];
    const script = "seq 1 30000; read x; seq 30001 60000";
    await engine.ok([
      "run",
      "-d",
      "-i",
      "--name",
      "turned",
      "--log-driver",
      "json-file",
      ...options,
      "busybox",
      "sh",
      "-c",
      script,
    ]);
    await using follower = engine.follow(["logs", "-f", "turned"]);
    await follower.until("\n30000\n");
    await using input = engine.follow(["attach", "turned"]);
    await input.write("\n");
    expect(await follower.exited()).toBe(0);
    expect(follower.stdout === numbers(1, 60_000)).toBe(true);
    const directory = dirname(await engine.inspect("turned", "{{.LogPath}}"));
    expect(readdirSync(directory).filter((name) => name.endsWith(".gz")).length).toBeGreaterThan(2);
    expect((await engine.docker(["logs", "turned"])).stdout === numbers(1, 60_000)).toBe(true);
    expect(
      (await engine.docker(["logs", "--tail", "45000", "turned"])).stdout === numbers(15_001, 60_000),
    ).toBe(true);
    await engine.ok(["rm", "turned"]);
  });

  test("may be emptied, moved away and removed while it is written", async () => {
    await engine.ok([
      "run",
      "-d",
      "-i",
      "--name",
      "handled",
      "--log-driver",
      "json-file",
      "busybox",
      "sh",
      "-c",
      "while read x; do echo $x; done",
    ]);
    const path = await engine.inspect("handled", "{{.LogPath}}");
    await using input = engine.follow(["attach", "handled"]);
    const say = async (word: string) => {
      await input.write(`${word}\n`);
      await input.until(word);
      await eventually(
        "the line to be written",
        () => readFileSync(path, "utf8").includes(word) || undefined,
      );
    };
    await say("first");
    truncateSync(path, 0);
    await say("second");
    expect(await engine.ok(["logs", "handled"])).toBe("second");
    renameSync(path, `${path}.away`);
    writeFileSync(`${path}.away`, "");
    rmSync(`${path}.away`);
    await say("third");
    expect(await engine.ok(["logs", "handled"])).toBe("third");
    await engine.ok(["rm", "-f", "handled"]);
  });
});

describe("journald", () => {
  test("gets a message a line with Docker's fields, and logs are read back here", async () => {
    const options = ["--label", "app.name=x\ny", "--log-opt", "labels=app.name", "--log-opt", "tag=shop"];
    const script = "echo hello; echo trouble >&2; head -c 20000 /dev/zero | tr '\\0' z";
    await engine.ok([
      "run",
      "--name",
      "told",
      "--log-driver",
      "journald",
      ...options,
      "busybox",
      "sh",
      "-c",
      script,
    ]);
    const id = await engine.inspect("told", "{{.Id}}");
    const messages = await eventually("the journal's messages", () =>
      journal.messages().length >= 4 ? journal.messages() : undefined,
    );
    expect(messages.find(({ MESSAGE }) => MESSAGE === "hello")).toEqual({
      MESSAGE: "hello",
      PRIORITY: "6",
      APP_NAME: "x\ny",
      CONTAINER_ID: id.slice(0, 12),
      CONTAINER_ID_FULL: id,
      CONTAINER_NAME: "told",
      CONTAINER_TAG: "shop",
      IMAGE_NAME: "busybox",
      SYSLOG_IDENTIFIER: "shop",
    });
    expect(messages.find(({ MESSAGE }) => MESSAGE === "trouble")?.PRIORITY).toBe("3");
    const parts = messages.filter(({ CONTAINER_PARTIAL_MESSAGE }) => CONTAINER_PARTIAL_MESSAGE === "true");
    expect(parts.map(({ MESSAGE }) => MESSAGE?.length)).toEqual([16_384, 3616]);
    const { stdout, stderr } = await engine.docker(["logs", "told"]);
    expect(stdout).toBe(`hello\n${"z".repeat(20_000)}`);
    expect(stderr).toBe("trouble\n");
    await engine.ok(["rm", "told"]);
  });

  test("that takes nothing holds a container back, or not, as it was asked for", async () => {
    const flood = ["busybox", "seq", "40000"];
    journal.pause();
    try {
      const patient = ["run", "-d", "--name", "patient", "--log-driver", "journald", ...flood];
      await engine.ok(patient);
      const hasty = [
        "--log-driver",
        "journald",
        "--log-opt",
        "mode=non-blocking",
        "--log-opt",
        "max-buffer-size=64k",
      ];
      await engine.ok(["run", "--name", "hasty", ...hasty, ...flood]);
      expect((await engine.docker(["logs", "hasty"])).stdout === numbers(1, 40_000)).toBe(true);
      expect(await engine.inspect("patient", "{{.State.Status}}")).toBe("running");
    } finally {
      journal.resume();
    }
    expect(await engine.ok(["wait", "patient"])).toBe("0");
    const told = () => journal.messages().filter(({ CONTAINER_NAME }) => CONTAINER_NAME === "patient");
    await eventually("the journal to have got all", () => told().length === 40_000 || undefined);
    expect(told().at(-1)?.MESSAGE).toBe("40000");
    await engine.ok(["rm", "patient", "hasty"]);
  });
});

describe("log options", () => {
  const refusals: [string[], string][] = [
    [["--log-driver", "what"], "logger: no log driver named 'what' is registered"],
    [["--log-opt", "foo=1"], "unknown log opt 'foo' for local log driver"],
    [
      ["--log-driver", "journald", "--log-opt", "max-size=1m"],
      "unknown log opt 'max-size' for journald log driver",
    ],
    [["--log-opt", "max-file=0"], "failed to initialize logging driver: max-file cannot be less than 1"],
    [["--log-opt", "max-size=x"], "failed to initialize logging driver: invalid size: 'x'"],
    [["--log-opt", "max-size=0"], "failed to initialize logging driver: max-size must be a positive number"],
    [
      ["--log-driver", "json-file", "--log-opt", "compress=true", "--log-opt", "max-size=1m"],
      "compress cannot be true when max-file is less than 2 or max-size is not set",
    ],
    [["--log-opt", "compress=maybe"], 'strconv.ParseBool: parsing "maybe": invalid syntax'],
    [["--log-opt", "mode=maybe"], "logger: logging mode not supported: maybe"],
    [
      ["--log-opt", "max-buffer-size=1m"],
      "max-buffer-size option is only supported with 'mode=non-blocking'",
    ],
    [["--log-opt", "tag={{.Nothing}}"], "failed to initialize logging driver: template: log-tag"],
  ];
  test.each(refusals)("%p are refused in Docker's words", async (options, words) => {
    const { code, stderr } = await engine.docker([
      "create",
      "--name",
      "refused",
      ...options,
      "busybox",
      "true",
    ]);
    expect(stderr).toContain(words);
    expect(code).toBe(1);
    expect(await engine.ok(["ps", "-aq", "-f", "name=refused"])).toBe("");
  });

  test("none keeps nothing", async () => {
    await engine.ok(["run", "--name", "mute", "--log-driver", "none", "busybox", "echo", "unheard"]);
    const { code, stderr } = await engine.docker(["logs", "mute"]);
    expect(stderr).toContain("configured logging driver does not support reading");
    expect(code).toBe(1);
    await engine.ok(["rm", "mute"]);
  });
});
