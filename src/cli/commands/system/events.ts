import type { EventMessage } from "../../../wire/index.ts";
import type { Command } from "../../cli.ts";
import { inspectTemplate } from "../../inspect.ts";
import { rfc3339Nano } from "../../listing/index.ts";
import { toTimestamp } from "../../timestamp.ts";

export const eventsCommand: Command = {
  usage: "events [OPTIONS]",
  summary: "Get real time events from the server",
  flags: [
    { name: "filter", short: "f", kind: "filter", help: "Filter output based on conditions provided" },
    {
      name: "format",
      kind: "string",
      help: "Format output using a Go template, `json`, `table` or `table TEMPLATE`",
    },
    { name: "since", kind: "string", help: "Show all events created since timestamp" },
    { name: "until", kind: "string", help: "Stream events until this timestamp" },
  ],
  args: { least: 0, most: 0 },
  run: async (cli, { flags }) => {
    const format = flags.find("format");
    const template = format === undefined || format === "" ? undefined : inspectTemplate(format);
    const since = flags.find("since");
    const until = flags.find("until");
    const events = cli.client.system.events({
      since: since && toTimestamp(since),
      until: until && toTimestamp(until),
      filters: flags.filters("filter"),
    });
    for await (const event of events)
      await cli.out.write(`${template ? template.run(event) : eventLine(event)}\n`);
    return 0;
  },
};

function eventLine({ Type, Action, Actor, time, timeNano }: EventMessage): string {
  // A JSON number does not hold nanoseconds exactly: its text is nearest to what was meant.
  const at = timeNano ? BigInt(String(timeNano)) : BigInt(time) * 1_000_000_000n;
  const attributes = Object.entries(Actor.Attributes ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .sort();
  const tail = attributes.length > 0 ? ` (${attributes.join(", ")})` : "";
  return `${rfc3339Nano(at)} ${Type} ${Action} ${Actor.ID}${tail}`;
}
