import type { ExecCreateRequest } from "../../../wire/index.ts";
import type { Cli, Command, Invocation } from "../../cli.ts";
import { ExitError } from "../../exit.ts";
import { checkVariable, compact, readVariables } from "../../run-config/index.ts";
import { session } from "../../streams/index.ts";
import { configAt } from "./config-at.ts";

export const execCommand: Command = {
  usage: "exec [OPTIONS] CONTAINER COMMAND [ARG...]",
  summary: "Execute a command in a running container",
  flags: [
    { name: "detach", short: "d", kind: "bool", help: "Detached mode: run command in the background" },
    { name: "detach-keys", kind: "string", help: "Override the key sequence for detaching a container" },
    { name: "env", short: "e", kind: "list", help: "Set environment variables" },
    { name: "env-file", kind: "list", help: "Read in a file of environment variables" },
    { name: "interactive", short: "i", kind: "bool", help: "Keep STDIN open even if not attached" },
    { name: "privileged", kind: "bool", help: "Give extended privileges to the command" },
    { name: "tty", short: "t", kind: "bool", help: "Allocate a pseudo-TTY" },
    {
      name: "user",
      short: "u",
      kind: "string",
      help: 'Username or UID (format: "<name|uid>[:<group|gid>]")',
    },
    { name: "workdir", short: "w", kind: "string", help: "Working directory inside the container" },
  ],
  args: { least: 2 },
  interspersed: false,
  run,
};

async function run(cli: Cli, { flags, args }: Invocation): Promise<number> {
  const [container = "", ...command] = args;
  const { execs } = cli.client;
  const [tty, stdin, detach] = [flags.bool("tty"), flags.bool("interactive"), flags.bool("detach")];
  for (const text of flags.list("env")) checkVariable(text);
  const env = await readVariables(configAt(cli), { files: flags.list("env-file"), given: flags.list("env") });
  const size = tty && !detach ? await prepareTerminal(cli, stdin) : undefined;
  const request = compact<ExecCreateRequest>({
    User: flags.text("user"),
    Privileged: flags.bool("privileged") || undefined,
    Tty: tty || undefined,
    ConsoleSize: size && [size.height, size.width],
    AttachStdin: (stdin && !detach) || undefined,
    AttachStdout: !detach || undefined,
    AttachStderr: !detach || undefined,
    DetachKeys: flags.text("detach-keys"),
    Env: env,
    WorkingDir: flags.text("workdir"),
    Cmd: command,
  });
  const { Id } = await execs.create(container, request);
  if (detach) {
    await execs.startDetached(Id, { tty });
    return 0;
  }
  const stream = await execs.start(Id, { tty, size });
  const end = await session(cli, stream, {
    tty,
    stdin,
    output: true,
    detachKeys: flags.text("detach-keys"),
    resize: (to) => execs.resize(Id, to),
    started: Promise.resolve(),
  });
  stream.close();
  if (end === "detached") throw new ExitError(1, "read escape sequence");
  return (await execs.inspect(Id)).ExitCode ?? 0;
}

async function prepareTerminal(cli: Cli, stdin: boolean) {
  const { inputIsTerminal, terminalSize } = await import("../../terminal/index.ts");
  if (stdin && !inputIsTerminal()) throw new ExitError(1, "the input device is not a TTY");
  return await terminalSize(cli.out);
}
