import { formatBytes } from "../../../base/index.ts";
import type { Cli, Command, Invocation } from "../../cli.ts";
import { ExitError } from "../../exit.ts";
import { pathAt } from "../../files/index.ts";
import { copyIn } from "./copy-in.ts";
import { copyOut } from "./copy-out.ts";

export const cpCommand: Command = {
  usage: "cp [OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-\n\tgantry cp [OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH",
  summary: "Copy files/folders between a container and the local filesystem",
  flags: [
    { name: "archive", short: "a", kind: "bool", help: "Archive mode (copy all uid/gid information)" },
    { name: "follow-link", short: "L", kind: "bool", help: "Always follow symbol link in SRC_PATH" },
    {
      name: "quiet",
      short: "q",
      kind: "bool",
      help: "Suppress progress output during copy. Progress output is automatically suppressed if no terminal is attached",
    },
  ],
  args: { least: 2, most: 2 },
  run,
};

/** One end of a copy: a path here, or one in a container. */
interface End {
  readonly container: string;
  readonly path: string;
}

async function run(cli: Cli, { flags, args: [source = "", target = ""] }: Invocation): Promise<number> {
  const from = parseEnd(source);
  const to = parseEnd(target);
  if (from.container !== "" && to.container !== "") {
    throw new ExitError(1, "copying between containers is not supported");
  }
  if (from.container === "" && to.container === "") {
    throw new ExitError(1, "must specify at least one container source");
  }
  const how = { archive: flags.bool("archive"), follow: flags.bool("follow-link") };
  const copied =
    from.container === ""
      ? await copyIn(cli, { ...to, local: localPath(cli, from.path) }, how)
      : await copyOut(cli, { ...from, local: localPath(cli, to.path) }, how);
  const streamed = to.path === "-" || from.path === "-";
  if (!flags.bool("quiet") && !streamed) {
    const where = to.container === "" ? pathAt(cli, to.path) : `${to.container}:${to.path}`;
    await cli.err.write(`Successfully copied ${formatBytes(copied, 4)} to ${where}\n`);
  }
  return 0;
}

/** A colon makes a container's path, unless the text is plainly a path here. */
function parseEnd(text: string): End {
  const colon = text.indexOf(":");
  if (text.startsWith("/") || text.startsWith(".") || colon < 0) return { container: "", path: text };
  return { container: text.slice(0, colon), path: text.slice(colon + 1) };
}

/** Absolute, with the ending kept that says "the directory" or "what is in it". */
function localPath(cli: Cli, path: string): string {
  if (path === "-") return path;
  const ending = /\/\.?$/.exec(path)?.[0] ?? (path === "." ? "/." : "");
  const whole = pathAt(cli, path).replace(/\/\.?$/, "");
  return `${whole}${ending}`;
}
