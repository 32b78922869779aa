import type { EventMessage } from "../../../wire/index.ts";
import type { Command } from "../../cli.ts";
import { rfc3339Nano } from "../../listing/index.ts";
import { absent, compileTemplate, ownJSON, type Template } from "../../template/index.ts";
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
    const template = format === undefined || format === "" ? undefined : eventTemplate(format);
    const since = flags.find("since");
    const until = flags.find("until");
    const events = cli.client.system.events({
      since: since && timestampOf(since),
      until: until && timestampOf(until),
      filters: flags.filters("filter"),
    });
    for await (const event of events)
      await cli.out.write(`${template ? template.run(fieldsOf(event)) : eventLine(event)}\n`);
    return 0;
  },
};

/** Throws in Docker's words for what is no time. */
function timestampOf(text: string): string {
  const stamp = toTimestamp(text);
  if (/^[\d.]+$/.test(stamp)) return stamp;
  throw new Error(`failed to parse value as time or duration: ${JSON.stringify(text)}`);
}

function eventTemplate(format: string): Template {
  return compileTemplate(format === "json" ? "{{json .}}" : format, {
    parseError: "Error parsing format",
    parseCode: 64,
    runError: "Error parsing format",
    runCode: 64,
    missing: (owner, name) => {
      // The attributes of an actor are a map, in which any key may be missing.
      if (typeof owner === "object" && owner !== null && !("Actor" in owner)) return absent();
      throw new Error(`can't evaluate field ${name} in type *events.Message`);
    },
  });
}

/** An event under the names of Docker's type; as JSON it stays as it came. */
function fieldsOf(event: EventMessage): object {
  const { status = "", id = "", from = "", Type, Action, Actor, scope, time, timeNano } = event;
  const fields = {
    Status: status,
    ID: id,
    From: from,
    Type,
    Action,
    Actor,
    Scope: scope,
    Time: time,
    TimeNano: timeNano,
  };
  return Object.defineProperty(fields, ownJSON, { value: () => JSON.stringify(event), enumerable: false });
}

function eventLine({ Type, Action, Actor, time, timeNano }: EventMessage): string {
  // A JSON number does not hold nanoseconds exactly: its text is nearest to what was meant.
  const at = timeNano ? BigInt(String(timeNano)) : BigInt(time) * 1_000_000_000n;
  const attributes = Object.entries(Actor.Attributes ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .sort();
  const tail = attributes.length > 0 ? ` (${attributes.join(", ")})` : "";
  return `${rfc3339Nano(at)} ${Type} ${Action} ${Actor.ID}${tail}`;
}
