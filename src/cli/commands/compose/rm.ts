import { applyPlan, planLife } from "../../../compose/index.ts";
import type { Compose, ComposeCommand } from "./compose-command.ts";
import { containersOf } from "./containers.ts";

export const rmVerb: ComposeCommand = {
  usage: "rm [OPTIONS] [SERVICE...]",
  summary: "Removes stopped service containers",
  flags: [
    { name: "force", short: "f", kind: "bool", help: "Don't ask to confirm removal" },
    { name: "stop", short: "s", kind: "bool", help: "Stop the containers, if required, before removing" },
    {
      name: "volumes",
      short: "v",
      kind: "bool",
      help: "Remove any anonymous volumes attached to containers",
    },
  ],
  args: { least: 0 },
  run: async (compose, { flags, args }) => {
    if (flags.bool("stop")) {
      const running = await containersOf(compose, args);
      await compose.working((applying) => applyPlan(planLife({ verb: "stop" }, running), applying));
    }
    const containers = await containersOf(compose, args);
    const stopped = containers.filter(({ state }) => ["created", "exited", "dead"].includes(state));
    if (stopped.length === 0) {
      await compose.cli.err.write("No stopped containers\n");
      return 0;
    }
    const names = stopped.map(({ name }) => name).join(", ");
    if (!flags.bool("force") && !(await confirmed(compose, `Going to remove ${names}`))) return 0;
    const plan = planLife({ verb: "remove", volumes: flags.bool("volumes") }, stopped);
    await compose.working((applying) => applyPlan(plan, applying));
    return 0;
  },
};

async function confirmed({ cli }: Compose, question: string): Promise<boolean> {
  await cli.err.write(`? ${question} [yN] `);
  for await (const chunk of cli.stdin())
    return /^y(es)?\s*$/i.test(Buffer.from(chunk).toString("utf8").trim());
  return false;
}
