import type { LogOptions } from "../../../client/index.ts";
import { logLines, type ObservedContainer } from "../../../compose/index.ts";
import type { FlagSpec } from "../../flags/index.ts";
import type { ComposeCommand } from "./compose-command.ts";
import { containersOf } from "./containers.ts";
import { indexFlag } from "./flags.ts";
import { onInterrupt } from "./interrupts.ts";
import { createLogPrinter, shortName } from "./log-printer.ts";

/** How lines are shown; `up` has these too. */
export const logShowFlags: readonly FlagSpec[] = [
  { name: "no-color", kind: "bool", help: "Produce monochrome output" },
  { name: "no-log-prefix", kind: "bool", help: "Don't print prefix in logs" },
];

export const logsVerb: ComposeCommand = {
  usage: "logs [OPTIONS] [SERVICE...]",
  summary: "View output from containers",
  flags: [
    { name: "follow", short: "f", kind: "bool", help: "Follow log output" },
    indexFlag,
    ...logShowFlags,
    {
      name: "since",
      kind: "string",
      help: "Show logs since timestamp (e.g. 2013-01-02T13:23:37Z) or relative (e.g. 42m for 42 minutes)",
    },
    {
      name: "tail",
      short: "n",
      kind: "string",
      default: "all",
      help: "Number of lines to show from the end of the logs for each container",
    },
    { name: "timestamps", short: "t", kind: "bool", help: "Show timestamps" },
    {
      name: "until",
      kind: "string",
      help: "Show logs before a timestamp (e.g. 2013-01-02T13:23:37Z) or relative (e.g. 42m for 42 minutes)",
    },
  ],
  args: { least: 0 },
  run: async (compose, { flags, args }) => {
    const { name, project } = await compose.find(args);
    const all = await containersOf(compose, args);
    const index = flags.int("index");
    const containers = index === undefined ? all : all.filter(({ number }) => number === index);
    const coloured = !flags.bool("no-color") && (await compose.coloured());
    const printer = createLogPrinter(compose.cli.out, { coloured, prefixed: !flags.bool("no-log-prefix") });
    const label = (container: ObservedContainer): string => shortName(project?.name ?? name, container.name);
    for (const container of containers) printer.widen(label(container));
    const stop = new AbortController();
    using _ = onInterrupt(() => stop.abort());
    const options: LogOptions = {
      follow: flags.bool("follow"),
      since: flags.find("since"),
      until: flags.find("until"),
      tail: flags.find("tail"),
      timestamps: flags.bool("timestamps"),
      signal: stop.signal,
    };
    const show = async (container: ObservedContainer): Promise<void> => {
      for await (const { text } of logLines(compose.cli.client, container.id, options)) {
        await printer.line(label(container), text);
      }
    };
    await untilStopped(Promise.all(containers.map(show)), stop.signal);
    return 0;
  },
};

/** Waits for `work`; that it was given up by `signal` is no failure. */
export async function untilStopped(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
