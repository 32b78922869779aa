import { isAbsolute, join } from "node:path";
import { formatHost } from "../../../client/index.ts";
import type { Cli } from "../../cli.ts";
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
      return await readFile(isAbsolute(path) ? path : join(cli.directory, path), "utf8");
    },
  };
}
