import { isKind } from "../../../base/index.ts";
import type { Command } from "../../cli.ts";
import { explain } from "../../exit.ts";
import { eachTarget } from "../../targets.ts";

export const removeContainerCommand: Command = {
  usage: "rm [OPTIONS] CONTAINER [CONTAINER...]",
  summary: "Remove one or more containers",
  flags: [
    {
      name: "force",
      short: "f",
      kind: "bool",
      help: "Force the removal of a running container (uses SIGKILL)",
    },
    { name: "link", short: "l", kind: "bool", help: "Remove the specified link" },
    {
      name: "volumes",
      short: "v",
      kind: "bool",
      help: "Remove anonymous volumes associated with the container",
    },
  ],
  args: { least: 1 },
  run: async (cli, { flags, args }) => {
    const options = { force: flags.bool("force"), volumes: flags.bool("volumes"), link: flags.bool("link") };
    return await eachTarget(cli, args, async (given) => {
      const name = given.replace(/^\/+|\/+$/g, "");
      if (name === "") throw new Error("container name cannot be empty");
      try {
        await cli.client.containers.remove(name, options);
      } catch (error) {
        if (!options.force || !isKind(error, "not-found")) throw error;
        // By force, what is not there is told, but is no failure.
        await cli.err.write(`${explain(error)}\n`);
        return "";
      }
      return given;
    });
  },
};
