import { bringUp } from "../../../compose/index.ts";
import type { ComposeCommand } from "./compose-command.ts";
import { bringUpFlags, bringUpOptions } from "./up-options.ts";

export const createVerb: ComposeCommand = {
  usage: "create [OPTIONS] [SERVICE...]",
  summary: "Creates containers for a service",
  flags: bringUpFlags,
  args: { least: 0 },
  run: async (compose, { flags, args }) => {
    const project = await compose.load(args);
    const options = { ...bringUpOptions(compose, flags, args), start: false };
    await compose.working((applying) => bringUp(project, applying, options), {
      quiet: flags.bool("quiet-build"),
    });
    return 0;
  },
};
