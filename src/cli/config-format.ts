import type { Cli } from "./cli.ts";
import type { FlagValues } from "./flags/index.ts";

type FormatKey = "psFormat" | "imagesFormat" | "networksFormat" | "volumesFormat" | "statsFormat";

/** What `--format` says, else what Docker's configuration file says for this listing; undefined when neither does. */
export async function chosenFormat(
  cli: Pick<Cli, "configDirectory">,
  flags: FlagValues,
  key: FormatKey,
): Promise<string | undefined> {
  return flags.find("format") || (await configured(cli.configDirectory, key));
}

/** A file that is not there or cannot be read says nothing. */
async function configured(directory: string, key: FormatKey): Promise<string | undefined> {
  try {
    const config: unknown = JSON.parse(await Bun.file(`${directory}/config.json`).text());
    const value =
      typeof config === "object" && config !== null
        ? Object.entries(config).find(([name]) => name === key)?.[1]
        : undefined;
    return typeof value === "string" && value !== "" ? value : undefined;
  } catch {
    return undefined;
  }
}
