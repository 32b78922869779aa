import { projectFilter } from "../../../compose/index.ts";
import { alignTable } from "../../listing/index.ts";
import type { ComposeCommand } from "./compose-command.ts";
import { quietFlag } from "./flags.ts";
import { oneOf } from "./global-flags.ts";

export const volumesVerb: ComposeCommand = {
  usage: "volumes [OPTIONS] [SERVICE...]",
  summary: "List volumes",
  flags: [
    {
      name: "format",
      kind: "string",
      default: "table",
      help: "Format output (table or json)",
      check: oneOf("table", "json"),
    },
    quietFlag("Only display volume names"),
  ],
  args: { least: 0 },
  run: async (compose, { flags, args }) => {
    const { name, project } = await compose.find(args);
    const { Volumes } = await compose.cli.client.volumes.list({ filters: projectFilter(name) });
    const used = new Set(
      args.flatMap((service) =>
        (project?.services.get(service)?.mounts ?? []).flatMap((mount) =>
          mount.kind === "volume" && mount.volume !== undefined
            ? [project?.volumes.get(mount.volume)?.name]
            : [],
        ),
      ),
    );
    const shown = (Volumes ?? []).filter(({ Name }) => args.length === 0 || used.has(Name));
    const { out } = compose.cli;
    if (flags.bool("quiet")) await out.write(shown.map(({ Name }) => `${Name}\n`).join(""));
    else if (flags.text("format") === "json")
      await out.write(shown.map((one) => `${JSON.stringify(one)}\n`).join(""));
    else
      await out.write(
        alignTable(["DRIVER\tVOLUME NAME", ...shown.map(({ Driver, Name }) => `${Driver}\t${Name}`)]),
      );
    return 0;
  },
};
