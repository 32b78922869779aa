import { ExitError } from "../../exit.ts";
import type { FlagValues } from "../../flags/index.ts";

/** True when `--format json` was given; throws for any other format, of commands that have no rows for a template. */
export function jsonFormat(flags: FlagValues): boolean {
  const format = flags.find("format");
  if (format === undefined || format === "json") return format === "json";
  throw new ExitError(1, `unsupported format "${format}": it can only be json here`);
}
