import { messageOf } from "../../../base/index.ts";
import type { Cli, Command, Invocation } from "../../cli.ts";
import { ExitError } from "../../exit.ts";
import { createFlags, planContainer } from "../../run-config/index.ts";
import { configAt } from "./config-at.ts";
import { createContainer } from "./create-container.ts";

export const createCommand: Command = {
  usage: "create [OPTIONS] IMAGE [COMMAND] [ARG...]",
  summary: "Create a new container",
  flags: createFlags,
  args: { least: 1 },
  interspersed: false,
  run: create,
};

async function create(cli: Cli, { flags, args }: Invocation): Promise<number> {
  const plan = await planContainer(configAt(cli), flags, { args, detached: false }).catch(
    (error: unknown) => {
      throw new ExitError(
        125,
        `gantry: ${messageOf(error)}\n\nRun 'gantry create --help' for more information`,
      );
    },
  );
  const { Id } = await createContainer(cli, flags, plan.request);
  await cli.out.write(`${Id}\n`);
  return 0;
}
