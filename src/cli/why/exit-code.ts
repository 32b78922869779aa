/** Signals that end programs, by number. */
const signals: Readonly<Record<number, readonly [name: string, meaning: string]>> = {
  1: ["SIGHUP", "its terminal went away"],
  2: ["SIGINT", "it was interrupted, as by Ctrl-C"],
  3: ["SIGQUIT", "it was told to quit"],
  4: [
    "SIGILL",
    "the processor does not know an instruction of it: it may be built for another kind of machine",
  ],
  6: ["SIGABRT", "it gave up by itself, after a failed check of its own"],
  7: ["SIGBUS", "it touched memory that is not there, such as a file that became shorter"],
  8: ["SIGFPE", "it made an impossible calculation, such as a division by zero"],
  9: ["SIGKILL", "it was killed from outside and could not object"],
  11: ["SIGSEGV", "it crashed: it touched memory that is not its own"],
  13: ["SIGPIPE", "whoever read its output went away"],
  15: ["SIGTERM", "it was asked to end, and did"],
  31: ["SIGSYS", "it made a system call that the seccomp profile forbids"],
};

/** What an exit code says, in a sentence without its end. */
export function exitCodeMeaning(code: number): string {
  if (code === 0) return "its command finished, and says that all went well";
  if (code === 125) return "the engine could not run it, or the command itself says 125";
  if (code === 126) return "the command was found but cannot be executed";
  if (code === 127) return "the command was not found";
  if (code === 255) return "the command says so, or the engine could not learn how it ended";
  const signal = signals[code - 128];
  if (code > 128 && signal) return `${signal[0]}: ${signal[1]}`;
  return "the code is the command's own: its output should say what went wrong";
}
