import { formatHost } from "../../../client/index.ts";
import type { Cli } from "../../cli.ts";
import { resolveIn } from "../../resolve-in.ts";
import type { ConfigSurroundings } from "../../run-config/index.ts";

/** The surroundings that flags of `run` and `exec` look at. */
export function configAt(cli: Cli): ConfigSurroundings {
  return {
    env: cli.env,
    directory: cli.directory,
    get engine() {
      return formatHost(cli.client.host);
    },
    readText: async (path) => {
      const { readFile } = await import("node:fs/promises");
      return await readFile(resolveIn(cli.directory, path), "utf8");
    },
  };
}
