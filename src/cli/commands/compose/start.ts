import type { ComposeCommand } from "./compose-command.ts";
import { runLife } from "./life.ts";

export const startVerb: ComposeCommand = {
  usage: "start [SERVICE...]",
  summary: "Start services",
  flags: [],
  args: { least: 0 },
  run: (compose, { args }) => runLife(compose, { verb: "start" }, args),
};
