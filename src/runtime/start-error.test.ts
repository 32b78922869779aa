import { describe, expect, test } from "bun:test";
import { startError } from "./start-error.ts";

function reason(log: string, command = "cmd"): [string, string] {
  const { message, subject } = startError("exec", log, command);
  return [
    subject,
    message.replace("OCI runtime exec failed: exec failed: unable to start container process: ", ""),
  ];
}
const line = (msg: string) => `time="t" level=error msg=${JSON.stringify(msg)}\n`;

describe("what a runtime says becomes Docker's words", () => {
  test.each([
    [
      "executable file `cmd` not found in $PATH: No such file or directory",
      'exec: "cmd": executable file not found in $PATH: unknown',
    ],
    [
      'runc run failed: unable to start container process: exec: "cmd": executable file not found in $PATH',
      'exec: "cmd": executable file not found in $PATH: unknown',
    ],
    [
      'exec failed: unable to start container process: exec: "cmd": stat cmd: no such file or directory',
      'exec: "cmd": stat cmd: no such file or directory: unknown',
    ],
  ])("%s", (said, expected) => {
    expect(reason(line(said))).toEqual(["command-not-found", expected]);
  });

  test.each([
    "open executable: Permission denied",
    "the path `/x` is not a regular file: Operation not permitted",
    'runc run failed: unable to start container process: exec: "/x": is a directory',
  ])("a command that may not be executed: %s", (said) => {
    expect(reason(line(said), "/x")).toEqual(["not-executable", 'exec: "/x": permission denied: unknown']);
  });

  test("crun's lines are plain", () => {
    expect(reason("executable file `cmd` not found in $PATH: No such file or directory\n")[0]).toBe(
      "command-not-found",
    );
    expect(reason("open executable: Operation not permitted\n", "")[0]).toBe("command-not-found");
  });

  test("anything else keeps its words, and counts as a failed start", () => {
    expect(reason(line("set limit: Operation not permitted"))).toEqual([
      "start-failed",
      "set limit: operation not permitted: unknown",
    ]);
    expect(reason("shim: mount overlay overlay on /x: Invalid argument\n")).toEqual([
      "start-failed",
      "mount overlay overlay on /x: Invalid argument: unknown",
    ]);
  });

  test("a mount on the wrong kind of file gets Docker's hint", () => {
    const [subject, text] = reason(line("mount `/a` to `b`: Not a directory"));
    expect(subject).toBe("command-not-found");
    expect(text).toContain("Are you trying to mount a directory onto a file (or vice-versa)?");
    const chdir = startError("run", "chdir `/bin/sh`: Not a directory", "pwd").message;
    expect(chdir).toEndWith("chdir `/bin/sh`: not a directory: unknown");
  });

  test("the last error of several lines counts", () => {
    const warning = "time=t level=warning msg=w";
    expect(reason(`${line("first")}${line("second")}${warning}\n`)[1]).toBe("second: unknown");
    expect(reason("first\nsecond\n")[1]).toBe("second: unknown");
    expect(reason("")[1]).toBe("the runtime gave no reason: unknown");
  });
});
