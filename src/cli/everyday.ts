import { type Commands, type Found, findIn } from "./find-command.ts";

/** Verbs of containers that are called all day. They lie in a bundle of their own: a small one starts sooner. */
export const everydayVerbs = {
  exec: async () => (await import("./commands/container/exec.ts")).execCommand,
  kill: async () => (await import("./commands/container/kill.ts")).killCommand,
  logs: async () => (await import("./commands/container/logs.ts")).logsCommand,
  ls: async () => (await import("./commands/container/ls.ts")).listContainersCommand,
  restart: async () => (await import("./commands/container/restart.ts")).restartCommand,
  rm: async () => (await import("./commands/container/rm.ts")).removeContainerCommand,
  run: async () => (await import("./commands/container/run.ts")).runCommand,
  start: async () => (await import("./commands/container/start.ts")).startCommand,
  stop: async () => (await import("./commands/container/stop.ts")).stopCommand,
  wait: async () => (await import("./commands/container/wait.ts")).waitCommand,
} as const;

const { exec, kill, logs, ls, restart, rm, run, start, stop, wait } = everydayVerbs;

const commands: Commands = {
  groups: {},
  topLevel: { exec, kill, logs, ps: ls, restart, rm, run, start, stop, wait },
};

/**
 * Whether a call can do with the everyday commands alone. One that asks for help, or seems to, does not; nor does one
 * with flags before its command.
 */
export function isEveryday(argv: readonly string[]): boolean {
  const [first = ""] = argv;
  return Object.hasOwn(commands.topLevel, first) && !argv.includes("--help") && !argv.includes("-h");
}

/** Finds and loads the everyday command that the words name. */
export async function findEveryday(words: readonly string[]): Promise<Found> {
  return await findIn(commands, words);
}
