import { alignTable } from "../../listing/index.ts";
import type { ComposeCommand } from "./compose-command.ts";
import { containersOf } from "./containers.ts";

export const topVerb: ComposeCommand = {
  usage: "top [SERVICES...]",
  summary: "Display the running processes",
  flags: [],
  args: { least: 0 },
  run: async (compose, { args }) => {
    const { client, out } = compose.cli;
    const running = (await containersOf(compose, args)).filter(({ state }) => state === "running");
    const tables = await Promise.all(running.map(({ id }) => client.containers.top(id)));
    for (const [index, container] of running.entries()) {
      const processes = tables[index];
      if (!processes) continue;
      const lines = [processes.Titles, ...processes.Processes].map((cells) =>
        [container.service, String(container.number), ...cells].join("\t"),
      );
      const [head = "", ...rest] = lines;
      const heading = head.split("\t").slice(2).join("\t");
      await out.write(
        `${container.name}\n${alignTable([`SERVICE\t#\t${heading}`, ...rest], { least: 4 })}\n`,
      );
    }
    return 0;
  },
};
