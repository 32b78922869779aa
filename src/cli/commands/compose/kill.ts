import { parseSignal } from "../../../base/index.ts";
import { applyPlan, planDown } from "../../../compose/index.ts";
import type { Compose, ComposeCommand } from "./compose-command.ts";
import { removeOrphansFlag } from "./flags.ts";
import { runLife } from "./life.ts";
import { observeOrphans } from "./orphans.ts";

export const killVerb: ComposeCommand = {
  usage: "kill [OPTIONS] [SERVICE...]",
  summary: "Force stop service containers",
  flags: [
    {
      name: "signal",
      short: "s",
      kind: "string",
      default: "SIGKILL",
      help: "SIGNAL to send to the container",
      check: (text) => void parseSignal(text),
    },
    removeOrphansFlag,
  ],
  args: { least: 0 },
  run: async (compose, { flags, args }) => {
    const code = await runLife(compose, { verb: "kill", signal: flags.text("signal") }, args);
    if (flags.bool("remove-orphans")) await removeOrphans(compose);
    return code;
  },
};

async function removeOrphans(compose: Compose): Promise<void> {
  const { name, observed } = await observeOrphans(compose);
  const services = [...new Set(observed.containers.map(({ service }) => service))];
  if (services.length === 0) return;
  await compose.working((applying) => applyPlan(planDown(name, observed, { services }), applying));
}
