import { streamNumber } from "../../../wire/index.ts";
import type { Command } from "../../cli.ts";
import { toTimestamp } from "../../timestamp.ts";

export const logsCommand: Command = {
  usage: "logs [OPTIONS] CONTAINER",
  summary: "Fetch the logs of a container",
  flags: [
    { name: "details", kind: "bool", help: "Show extra details provided to logs" },
    { name: "follow", short: "f", kind: "bool", help: "Follow log output" },
    {
      name: "since",
      kind: "string",
      help: 'Show logs since timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)',
    },
    {
      name: "tail",
      short: "n",
      kind: "string",
      default: "all",
      help: "Number of lines to show from the end of the logs",
    },
    { name: "timestamps", short: "t", kind: "bool", help: "Show timestamps" },
    {
      name: "until",
      kind: "string",
      help: 'Show logs before a timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)',
    },
  ],
  args: { least: 1, most: 1 },
  run: async (cli, { flags, args: [name = ""] }) => {
    const since = flags.find("since");
    const until = flags.find("until");
    const frames = cli.client.containers.logs(name, {
      follow: flags.bool("follow"),
      since: since && toTimestamp(since),
      until: until && toTimestamp(until),
      timestamps: flags.bool("timestamps"),
      details: flags.bool("details"),
      tail: flags.find("tail"),
    });
    for await (const { stream, payload } of frames) {
      await (stream === streamNumber.stderr ? cli.err : cli.out).write(payload);
    }
    return 0;
  },
};
