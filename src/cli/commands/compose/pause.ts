import type { ComposeCommand } from "./compose-command.ts";
import { runLife } from "./life.ts";

export const pauseVerb: ComposeCommand = {
  usage: "pause [SERVICE...]",
  summary: "Pause services",
  flags: [],
  args: { least: 0 },
  run: (compose, { args }) => runLife(compose, { verb: "pause" }, args),
};

export const unpauseVerb: ComposeCommand = {
  usage: "unpause [SERVICE...]",
  summary: "Unpause services",
  flags: [],
  args: { least: 0 },
  run: (compose, { args }) => runLife(compose, { verb: "unpause" }, args),
};
