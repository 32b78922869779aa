import { applyPlan, observe, planDown } from "../../../compose/index.ts";
import { ExitError } from "../../exit.ts";
import type { ComposeCommand } from "./compose-command.ts";
import { containersOf } from "./containers.ts";

export const waitVerb: ComposeCommand = {
  usage: "wait SERVICE [SERVICE...] [OPTIONS]",
  summary: "Block until containers of all (or specified) services stop.",
  flags: [{ name: "down-project", kind: "bool", help: "Drops project when the first container stops" }],
  args: { least: 1 },
  run: async (compose, { flags, args }) => {
    const { client, out } = compose.cli;
    const containers = await containersOf(compose, args);
    if (containers.length === 0) throw new ExitError(1, `no containers for services ${args.join(", ")}`);
    const ends = containers.map(async ({ id }) => (await client.containers.wait(id)).StatusCode);
    const codes = flags.bool("down-project") ? [await Promise.race(ends)] : await Promise.all(ends);
    for (const code of codes) await out.write(`${code}\n`);
    if (flags.bool("down-project")) {
      const { name, project } = await compose.find();
      const observed = await observe(client, { project: name });
      const plan = planDown(name, observed, project === undefined ? {} : { project });
      await compose.working((applying) => applyPlan(plan, applying));
    }
    return codes.find((code) => code !== 0) ?? 0;
  },
};
