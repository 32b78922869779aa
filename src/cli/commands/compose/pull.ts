import { applyPlan, planImages } from "../../../compose/index.ts";
import type { ComposeCommand } from "./compose-command.ts";
import { quietFlag } from "./flags.ts";

export const pullVerb: ComposeCommand = {
  usage: "pull [OPTIONS] [SERVICE...]",
  summary: "Pull service images",
  flags: [
    { name: "ignore-buildable", kind: "bool", help: "Ignore images that can be built" },
    quietFlag("Pull without printing progress information"),
  ],
  args: { least: 0 },
  run: async (compose, { flags, args }) => {
    const project = await compose.load(args);
    const services = [...project.services.values()].filter(
      ({ name, image, build }) =>
        (args.length === 0 || args.includes(name)) &&
        image !== undefined &&
        !(build !== undefined && flags.bool("ignore-buildable")),
    );
    const always = services.map((service) => ({ ...service, pullPolicy: "always" }));
    const plan = planImages(project, new Map(), { services: always, build: "never" });
    await compose.working((applying) => applyPlan(plan, applying), { quiet: flags.bool("quiet") });
    return 0;
  },
};
