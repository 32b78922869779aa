import type { ComposeCommand } from "./compose-command.ts";
import { timeoutFlag } from "./flags.ts";
import { runLife } from "./life.ts";

export const stopVerb: ComposeCommand = {
  usage: "stop [OPTIONS] [SERVICE...]",
  summary: "Stop services",
  flags: [timeoutFlag],
  args: { least: 0 },
  run: (compose, { flags, args }) => runLife(compose, { verb: "stop", timeout: flags.int("timeout") }, args),
};
