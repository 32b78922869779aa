import { label, projectFilter } from "../../../compose/index.ts";
import type { EventMessage } from "../../../wire/index.ts";
import { rfc3339Nano } from "../../listing/index.ts";
import type { ComposeCommand } from "./compose-command.ts";
import { onInterrupt } from "./interrupts.ts";
import { untilStopped } from "./logs.ts";

export const eventsVerb: ComposeCommand = {
  usage: "events [OPTIONS] [SERVICE...]",
  summary: "Receive real time events from containers",
  flags: [
    { name: "json", kind: "bool", help: "Output events as a stream of json objects" },
    { name: "since", kind: "string", help: "Show all events created since timestamp" },
    { name: "until", kind: "string", help: "Stream events until this timestamp" },
  ],
  args: { least: 0 },
  run: async (compose, { flags, args }) => {
    const { client, out } = compose.cli;
    const { name } = await compose.find(args);
    const stop = new AbortController();
    using _ = onInterrupt(() => stop.abort());
    const show = async (): Promise<void> => {
      const events = client.system.events({
        filters: { type: ["container"], ...projectFilter(name) },
        since: flags.find("since"),
        until: flags.find("until"),
        signal: stop.signal,
      });
      for await (const event of events) {
        const service = event.Actor.Attributes[label.service] ?? "";
        if (args.length > 0 && !args.includes(service)) continue;
        await out.write(flags.bool("json") ? jsonLine(event, service) : textLine(event));
      }
    };
    await untilStopped(show(), stop.signal);
    return 0;
  },
};

function textLine({ timeNano, Action, Actor }: EventMessage): string {
  const time = rfc3339Nano(BigInt(Math.round(timeNano)))
    .replace("T", " ")
    .slice(0, 26);
  return `${time} container ${Action} ${Actor.ID} (${attributes(Actor.Attributes)
    .map(([key, value]) => `${key}=${value}`)
    .join(", ")})\n`;
}

function jsonLine({ timeNano, Action, Actor }: EventMessage, service: string): string {
  return `${JSON.stringify({
    time: rfc3339Nano(BigInt(Math.round(timeNano))),
    type: "container",
    action: Action,
    id: Actor.ID,
    service,
    attributes: Object.fromEntries(attributes(Actor.Attributes)),
  })}\n`;
}

/** What is not bookkeeping of Compose. */
function attributes(all: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(all).filter(([key]) => !key.startsWith("com.docker.compose."));
}
