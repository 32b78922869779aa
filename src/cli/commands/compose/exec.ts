import { parseFlags } from "../../flags/index.ts";
import type { ComposeCommand } from "./compose-command.ts";
import { oneContainer } from "./containers.ts";
import { indexFlag } from "./flags.ts";

export const execVerb: ComposeCommand = {
  usage: "exec [OPTIONS] SERVICE COMMAND [ARGS...]",
  summary: "Execute a command in a running container",
  flags: [
    { name: "detach", short: "d", kind: "bool", help: "Detached mode: Run command in the background" },
    { name: "env", short: "e", kind: "list", type: "stringArray", help: "Set environment variables" },
    indexFlag,
    {
      name: "interactive",
      short: "i",
      kind: "bool",
      default: "true",
      help: "Keep STDIN open even if not attached",
    },
    {
      name: "no-tty",
      short: "T",
      kind: "bool",
      help: "Disable pseudo-TTY allocation. By default 'compose exec' allocates a TTY where it is run in one.",
    },
    { name: "no-TTY", kind: "bool", alias: "no-tty", help: "" },
    { name: "tty", short: "t", kind: "bool", help: "Allocate a pseudo-TTY" },
    { name: "privileged", kind: "bool", help: "Give extended privileges to the process" },
    { name: "user", short: "u", kind: "string", help: "Run the command as this user" },
    { name: "workdir", short: "w", kind: "string", help: "Path to workdir directory for this command" },
  ],
  args: { least: 2 },
  interspersed: false,
  run: async (compose, { flags, args }) => {
    const [service = "", ...command] = args;
    const container = await oneContainer(compose, service, flags.int("index"));
    const terminal = process.stdin.isTTY === true && (await compose.cli.out.terminal()) !== undefined;
    const words: string[] = [];
    if (flags.bool("detach")) words.push("--detach");
    else {
      if (flags.bool("interactive")) words.push("--interactive");
      if (terminal && !flags.bool("no-tty")) words.push("--tty");
    }
    if (flags.bool("privileged")) words.push("--privileged");
    for (const value of flags.list("env")) words.push("--env", value);
    for (const name of ["user", "workdir"]) {
      const value = flags.find(name);
      if (value !== undefined) words.push(`--${name}`, value);
    }
    const { execCommand } = await import("../container/exec.ts");
    const parsed = parseFlags(execCommand.flags, [...words, container.id, ...command], {
      interspersed: false,
    });
    return execCommand.run(compose.cli, { flags: parsed.flags, args: parsed.args });
  },
};
