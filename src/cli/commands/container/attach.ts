import type { Cli, Command, Invocation } from "../../cli.ts";
import { ExitError } from "../../exit.ts";
import { attachRunning } from "./attach-running.ts";

export const attachCommand: Command = {
  usage: "attach [OPTIONS] CONTAINER",
  summary: "Attach local standard input, output, and error streams to a running container",
  flags: [
    { name: "detach-keys", kind: "string", help: "Override the key sequence for detaching a container" },
    { name: "no-stdin", kind: "bool", help: "Do not attach STDIN" },
    { name: "sig-proxy", kind: "bool", default: "true", help: "Proxy all received signals to the process" },
  ],
  args: { least: 1, most: 1 },
  run,
};

async function run(cli: Cli, { flags, args: [name = ""] }: Invocation): Promise<number> {
  const { State, Config, Id } = await cli.client.containers.inspect(name);
  if (!State.Running) {
    throw new ExitError(1, "You cannot attach to a stopped container, start it first");
  }
  if (State.Paused) throw new ExitError(1, "You cannot attach to a paused container, unpause it first");
  if (State.Restarting) {
    throw new ExitError(1, "You cannot attach to a restarting container, wait until it is running");
  }
  const end = await attachRunning(cli, Id, {
    tty: Config.Tty ?? false,
    stdin: !flags.bool("no-stdin") && (Config.OpenStdin ?? false),
    proxy: flags.bool("sig-proxy"),
    detachKeys: flags.text("detach-keys"),
  });
  if (end === "detached") throw new ExitError(1, "read escape sequence");
  return end;
}
