import type { ContainerInspect } from "../../../wire/index.ts";
import type { Cli, Command } from "../../cli.ts";
import { type Explanation, explainContainer, wantedPort } from "../../why/index.ts";

const linesShown = 10;

export const whyCommand: Command = {
  usage: "why CONTAINER",
  summary: "Explain in plain words why a container is (not) running",
  flags: [],
  args: { least: 1, most: 1 },
  run: async (cli, { args: [name = ""] }) => {
    const container = await cli.client.containers.inspect(name);
    const [lines, actions, portHolders] = await Promise.all([
      lastLines(cli, container),
      lastActions(cli, container),
      holders(cli, container),
    ]);
    const explanation = explainContainer({ container, lines, actions, portHolders, now: Date.now() });
    await cli.out.write(render(explanation, lines));
    return 0;
  },
};

function render({ headline, reasons, advice }: Explanation, lines: readonly string[]): string {
  const section = (title: string, entries: readonly string[], mark: string): string[] =>
    entries.length === 0 ? [] : ["", title, ...entries.map((entry) => `  ${mark} ${shown(entry)}`)];
  const text = [
    headline,
    ...section("Why", reasons, "-"),
    ...section("What it said last", lines, "|"),
    ...section("What to try", advice, "-"),
  ];
  return `${text.join("\n")}\n`;
}

/** None where the log cannot be read: that is no reason to explain nothing. */
async function lastLines(cli: Cli, container: ContainerInspect): Promise<string[]> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const { payload } of cli.client.containers.logs(container.Id, { tail: linesShown })) {
      chunks.push(payload);
    }
  } catch {
    return [];
  }
  const text = Buffer.concat(chunks).toString("utf8").trimEnd();
  return text === "" ? [] : text.split("\n");
}

const longestLine = 500;

/** What a program writes, be it a line of its log or the output of a check, must not drive the terminal nor fill it. */
function shown(text: string): string {
  const lines = text.split("\n").map((line) => {
    const clean = line.replace(/\r$/, "").replace(/\p{Cc}/gu, (sign) => (sign === "\t" ? sign : "�"));
    return clean.length > longestLine ? `${clean.slice(0, longestLine)}…` : clean;
  });
  return lines.join("\n    ");
}

/** What happened to it since the last start, as far as the engine still knows. */
async function lastActions(cli: Cli, container: ContainerInspect): Promise<string[]> {
  const { StartedAt } = container.State;
  if (StartedAt.startsWith("0001-")) return [];
  const events = cli.client.system.events({
    since: StartedAt,
    until: new Date().toISOString(),
    filters: { container: [container.Id], type: ["container"] },
  });
  const actions: string[] = [];
  for await (const { Action } of events) actions.push(Action);
  return actions;
}

/** Who else publishes the host port that a failed start asked for. */
async function holders(cli: Cli, container: ContainerInspect): Promise<string[]> {
  const port = wantedPort(container);
  if (port === undefined) return [];
  const others = await cli.client.containers.list();
  return others
    .filter(
      ({ Id, Ports }) => Id !== container.Id && Ports.some(({ PublicPort }) => PublicPort === Number(port)),
    )
    .map(({ Names }) => (Names[0] ?? "").replace(/^\//, ""));
}
