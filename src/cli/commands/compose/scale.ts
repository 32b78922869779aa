import { bringUp } from "../../../compose/index.ts";
import type { ComposeCommand } from "./compose-command.ts";
import { parseScale } from "./up-options.ts";

export const scaleVerb: ComposeCommand = {
  usage: "scale [OPTIONS] [SERVICE=REPLICAS...]",
  summary: "Scale services",
  flags: [{ name: "no-deps", kind: "bool", help: "Don't start linked services" }],
  args: { least: 1 },
  run: async (compose, { flags, args }) => {
    const scale = parseScale(args);
    const services = [...scale.keys()];
    const project = await compose.load(services);
    const options = { services, scale, noDependencies: flags.bool("no-deps"), orphans: "ignore" } as const;
    await compose.working((applying) => bringUp(project, applying, options));
    return 0;
  },
};
