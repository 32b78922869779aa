import { applyPlan, imageName, observe, planDown } from "../../../compose/index.ts";
import type { ComposeCommand } from "./compose-command.ts";
import { removeOrphansFlag, timeoutFlag } from "./flags.ts";
import { oneOf } from "./global-flags.ts";

export const downVerb: ComposeCommand = {
  usage: "down [OPTIONS] [SERVICES]",
  summary: "Stop and remove containers, networks",
  flags: [
    removeOrphansFlag,
    {
      name: "rmi",
      kind: "string",
      help: 'Remove images used by services. "local" remove only images that don\'t have a custom tag ("local"|"all")',
      check: oneOf("local", "all"),
    },
    timeoutFlag,
    {
      name: "volumes",
      short: "v",
      kind: "bool",
      help: 'Remove named volumes declared in the "volumes" section of the Compose file and anonymous volumes attached to containers',
    },
  ],
  args: { least: 0 },
  run: async (compose, { flags, args }) => {
    const { name, project } = await compose.find(args);
    const services = [...(project?.services.values() ?? [])];
    const images = project === undefined ? [] : services.map((service) => imageName(project, service));
    const rmi = flags.find("rmi");
    const observed = await observe(compose.cli.client, {
      project: name,
      images: rmi === undefined ? [] : images,
    });
    const plan = planDown(name, observed, {
      services: args,
      removeOrphans: flags.bool("remove-orphans") || compose.cli.env.COMPOSE_REMOVE_ORPHANS === "1",
      volumes: flags.bool("volumes"),
      images: rmi === "local" || rmi === "all" ? rmi : undefined,
      timeout: flags.int("timeout"),
      ...(project === undefined ? {} : { project }),
    });
    if (plan.nodes.length === 0) compose.warn(`No resource found to remove for project "${name}".`);
    await compose.working((applying) => applyPlan(plan, applying));
    return 0;
  },
};
