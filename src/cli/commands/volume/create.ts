import type { VolumeCreateRequest } from "../../../wire/index.ts";
import type { Command } from "../../cli.ts";
import { compact, keyValues } from "../../run-config/index.ts";

export const createVolumeCommand: Command = {
  usage: "create [OPTIONS] [VOLUME]",
  summary: "Create a volume",
  flags: [
    { name: "driver", short: "d", kind: "string", default: "local", help: "Specify volume driver name" },
    { name: "label", kind: "list", help: "Set metadata for a volume" },
    { name: "opt", short: "o", kind: "list", type: "map", help: "Set driver specific options" },
    { name: "name", kind: "string", help: "Specify volume name" },
  ],
  args: { least: 0, most: 1 },
  run: async (cli, { flags, args: [name] }) => {
    const request = compact<VolumeCreateRequest>({
      Name: name ?? flags.text("name"),
      Driver: flags.text("driver"),
      DriverOpts: keyValues(flags.list("opt")),
      Labels: keyValues(flags.list("label")),
    });
    const { Name } = await cli.client.volumes.create(request);
    await cli.out.write(`${Name}\n`);
    return 0;
  },
};
