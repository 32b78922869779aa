import { EngineError } from "../base/index.ts";

/** What the runtime was doing when it failed. */
export type RuntimeAction = "run" | "exec";

const prefixes: Readonly<Record<RuntimeAction, string>> = {
  run: "failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed",
  exec: "OCI runtime exec failed: exec failed",
};
const mountHint =
  "Are you trying to mount a directory onto a file (or vice-versa)? Check if the specified host path exists and is the expected type";

/**
 * The failure of a start in Docker's words, whatever the runtime said. The subject tells the exit code:
 * `command-not-found` 127, `not-executable` 126, `start-failed` 128.
 */
export function startError(action: RuntimeAction, log: string, command: string): EngineError {
  const reason = reasonOf(log, command);
  // A working directory that is a file has nothing to do with mounts.
  const hint = reason.includes("not a directory") && !reason.startsWith("chdir") ? `: ${mountHint}` : "";
  const message = `${prefixes[action]}: unable to start container process: ${reason}: unknown${hint}`;
  return new EngineError("invalid", message, { subject: subjectOf(reason), cause: log });
}

function subjectOf(reason: string): string {
  if (/executable file not found|no such file or directory|not a directory/.test(reason))
    return "command-not-found";
  if (/permission denied|is a directory|exec format error/.test(reason)) return "not-executable";
  return "start-failed";
}

function reasonOf(log: string, command: string): string {
  const said = lastMessage(log);
  const quoted = JSON.stringify(command);
  if (command === "") return `exec: ${quoted}: executable file not found in $PATH`;
  if (/^executable (file )?`.*` not found|^open executable: no such file/i.test(said)) {
    const why = command.includes("/")
      ? `stat ${command}: no such file or directory`
      : "executable file not found in $PATH";
    return `exec: ${quoted}: ${why}`;
  }
  // Of a directory older versions say "operation not permitted" or "permission denied", newer ones what it is.
  if (
    /^open executable: |^the path `.*` (exists but it is not executable|is not a regular file)|^exec(v|ute)? .*: permission denied|exec: ".*": is a directory/i.test(
      said,
    )
  ) {
    return `exec: ${quoted}: permission denied`;
  }
  return lowerReasons(
    said.replace(/^.*?unable to start container process: /, "").replace(/^(runc|crun) \w+ failed: /, ""),
  );
}

/** The runtimes' own error texts in the C library's capitals become Go's. */
function lowerReasons(text: string): string {
  return text.replace(
    /No such file or directory|Permission denied|Not a directory|Is a directory|Operation not permitted|Exec format error/g,
    (reason) => reason.toLowerCase(),
  );
}

/** The last error of a log: plain lines of crun and the shim, `level=… msg="…"` of runc. */
function lastMessage(log: string): string {
  const messages = log
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map(parseLine);
  const errors = messages.filter(({ level }) => level === "error" || level === "fatal");
  return (errors.at(-1) ?? messages.at(-1))?.text ?? "the runtime gave no reason";
}

function parseLine(line: string): { level: string; text: string } {
  const [, level, quoted] = /\blevel=(\w+) msg=("(?:[^"\\]|\\.)*"|\S+)/.exec(line) ?? [];
  if (level && quoted) return { level, text: quoted.startsWith('"') ? unquote(quoted) : quoted };
  return { level: "error", text: line.replace(/^shim: /, "") };
}

/** Go's quoting is JSON's as far as these texts go. */
function unquote(text: string): string {
  return text.slice(1, -1).replace(/\\(["\\])/g, "$1");
}
