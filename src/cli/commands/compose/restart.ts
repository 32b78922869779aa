import type { ComposeCommand } from "./compose-command.ts";
import { timeoutFlag } from "./flags.ts";
import { runLife } from "./life.ts";

export const restartVerb: ComposeCommand = {
  usage: "restart [OPTIONS] [SERVICE...]",
  summary: "Restart service containers",
  flags: [timeoutFlag, { name: "no-deps", kind: "bool", help: "Don't restart dependent services" }],
  args: { least: 0 },
  run: (compose, { flags, args }) =>
    runLife(compose, { verb: "restart", timeout: flags.int("timeout") }, args),
};
