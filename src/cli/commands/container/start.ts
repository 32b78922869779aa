import type { Cli, Command, Invocation } from "../../cli.ts";
import { ExitError } from "../../exit.ts";
import { eachTarget } from "../../targets.ts";
import { attachRunning } from "./attach-running.ts";

export const startCommand: Command = {
  usage: "start [OPTIONS] CONTAINER [CONTAINER...]",
  summary: "Start one or more stopped containers",
  flags: [
    { name: "attach", short: "a", kind: "bool", help: "Attach STDOUT/STDERR and forward signals" },
    { name: "checkpoint", kind: "string", help: "Restore from this checkpoint" },
    { name: "checkpoint-dir", kind: "string", help: "Use a custom checkpoint storage directory" },
    { name: "detach-keys", kind: "string", help: "Override the key sequence for detaching a container" },
    { name: "interactive", short: "i", kind: "bool", help: "Attach container's STDIN" },
  ],
  args: { least: 1 },
  run,
};

async function run(cli: Cli, { flags, args }: Invocation): Promise<number> {
  const unserved = ["checkpoint", "checkpoint-dir"].find((name) => flags.has(name));
  if (unserved !== undefined) {
    throw new ExitError(
      1,
      `"--${unserved}" is only supported on a Docker daemon with experimental features enabled`,
    );
  }
  const attached = flags.bool("attach") || flags.bool("interactive");
  if (attached) {
    if (args.length > 1) throw new ExitError(1, "you cannot start and attach multiple containers at once");
    return await startAttached(cli, { flags, args });
  }
  const failed: string[] = [];
  const code = await eachTarget(cli, args, async (name) => {
    await cli.client.containers.start(name).catch((error: unknown) => {
      failed.push(name);
      throw error;
    });
    return name;
  });
  if (code !== 0) await cli.err.write(`Error: failed to start containers: ${failed.join(", ")}\n`);
  return code;
}

async function startAttached(cli: Cli, { flags, args: [name = ""] }: Invocation): Promise<number> {
  const { containers } = cli.client;
  const { Config, Id, State } = await containers.inspect(name);
  const detachKeys = flags.text("detach-keys");
  const end = await attachRunning(cli, Id, {
    tty: Config.Tty ?? false,
    stdin: flags.bool("interactive") && (Config.OpenStdin ?? false),
    proxy: true,
    detachKeys,
    ...(State.Running ? {} : { start: () => containers.start(Id) }),
  });
  return end === "detached" ? 0 : end;
}
