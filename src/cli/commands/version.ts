import { codeOf, messageOf } from "../../base/index.ts";
import { apiVersion } from "../../client/index.ts";
import type { VersionResponse } from "../../wire/index.ts";
import type { Cli, Command, Invocation } from "../cli.ts";
import { version } from "../version.ts";

export const versionCommand: Command = {
  usage: "version [OPTIONS]",
  summary: "Show the Gantry version information",
  flags: [
    {
      name: "format",
      short: "f",
      kind: "string",
      help: "Format output using a Go template, `json`, `table` or `table TEMPLATE`",
    },
  ],
  args: { least: 0, most: 0 },
  run,
};

async function run(cli: Cli, { flags }: Invocation): Promise<number> {
  const format = flags.find("format");
  const client = {
    Platform: { Name: "Gantry" },
    Version: version,
    ApiVersion: apiVersion,
    Os: process.platform,
    Arch: process.arch === "x64" ? "amd64" : process.arch,
    RuntimeVersion: `Bun ${Bun.version}`,
    Context: "default",
  };
  if (format) {
    const { printThrough, typedTemplate } = await import("../inspect.ts");
    const template = typedTemplate(format, { type: "system.versionInfo", runError: "", name: "version" });
    const server = await cli.client.system.version();
    await printThrough(cli.out, template, { Client: client, Server: server });
    return 0;
  }
  await cli.out.write(
    block("Client:", [
      ["Version", client.Version],
      ["API version", client.ApiVersion],
      ["Runtime", client.RuntimeVersion],
      ["OS/Arch", `${client.Os}/${client.Arch}`],
      ["Context", client.Context],
    ]),
  );
  try {
    await cli.out.write(`\n${serverText(await cli.client.system.version())}`);
    return 0;
  } catch (error) {
    // Not of the engine, but of whoever reads this and has read enough.
    if (codeOf(error) === "EPIPE") throw error;
    await cli.err.write(`${messageOf(error)}\n`);
    return 1;
  }
}

function serverText(server: VersionResponse): string {
  const name = server.Platform?.Name || "Gantry";
  return block(`Server: ${name}`, [
    ["Engine", ""],
    [" Version", server.Version],
    [" API version", `${server.ApiVersion} (minimum version ${server.MinAPIVersion})`],
    [" OS/Arch", `${server.Os}/${server.Arch}`],
    [" Kernel", server.KernelVersion],
  ]);
}

function block(title: string, fields: readonly (readonly [string, string])[]): string {
  const lines = fields.map(([key, value]) => ` ${`${key}:`.padEnd(18)}${value}`.trimEnd());
  return `${[title, ...lines].join("\n")}\n`;
}
