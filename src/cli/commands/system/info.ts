import { codeOf, messageOf } from "../../../base/index.ts";
import type { SystemInfo } from "../../../wire/index.ts";
import type { Cli, Command, Invocation } from "../../cli.ts";
import { printThrough, typedTemplate } from "../../inspect.ts";
import type { Template } from "../../template/index.ts";
import { version } from "../../version.ts";

export const infoCommand: Command = {
  usage: "info [OPTIONS]",
  summary: "Display system-wide information",
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
  const client = { Version: version, Context: "default", Debug: false, Plugins: [], Warnings: null };
  const format = flags.find("format");
  if (format) {
    const info = await cli.client.system.info();
    await printThrough(cli.out, infoTemplate(format), { ...info, ClientInfo: client });
    return 0;
  }
  await cli.out.write(
    `Client:\n Version:    ${version}\n Context:    default\n Debug Mode: false\n\nServer:\n`,
  );
  try {
    const info = await cli.client.system.info();
    await cli.out.write(serverText(info));
    for (const warning of info.Warnings ?? []) await cli.err.write(`${warning}\n`);
    return 0;
  } catch (error) {
    // Not of the engine, but of whoever reads this and has read enough.
    if (codeOf(error) === "EPIPE") throw error;
    await cli.err.write(`${messageOf(error)}\n`);
    return 1;
  }
}

function infoTemplate(format: string): Template {
  return typedTemplate(format, { type: "system.dockerInfo", runError: "" });
}

function serverText(info: SystemInfo): string {
  const lines = [
    ` Containers: ${info.Containers}`,
    `  Running: ${info.ContainersRunning}`,
    `  Paused: ${info.ContainersPaused}`,
    `  Stopped: ${info.ContainersStopped}`,
    ` Images: ${info.Images}`,
    ` Server Version: ${info.ServerVersion}`,
    ` Storage Driver: ${info.Driver}`,
    ...(info.DriverStatus ?? []).map(([key, value]) => `  ${key}: ${value}`),
    ` Logging Driver: ${text(info.LoggingDriver)}`,
    ` Cgroup Driver: ${info.CgroupDriver}`,
    ` Cgroup Version: ${info.CgroupVersion}`,
    ...plugins(info),
    ` Runtimes: ${Object.keys(info.Runtimes ?? {})
      .sort()
      .join(" ")}`,
    ` Default Runtime: ${info.DefaultRuntime}`,
    ...security(info),
    ` Kernel Version: ${info.KernelVersion}`,
    ` Operating System: ${info.OperatingSystem}`,
    ` OSType: ${info.OSType}`,
    ` Architecture: ${info.Architecture}`,
    ` CPUs: ${info.NCPU}`,
    ` Total Memory: ${binaryBytes(info.MemTotal)}`,
    ` Name: ${info.Name}`,
    ` ID: ${info.ID}`,
    ` Docker Root Dir: ${info.DockerRootDir}`,
    ` Debug Mode: ${text(info.Debug ?? false)}`,
  ];
  return `${lines.join("\n")}\n`;
}

function plugins({ Plugins }: SystemInfo): string[] {
  if (typeof Plugins !== "object" || Plugins === null) return [];
  const known = Object.entries(Plugins).filter(([, names]) => Array.isArray(names) && names.length > 0);
  return [" Plugins:", ...known.map(([kind, names]) => `  ${kind}: ${[names].flat().join(" ")}`)];
}

function security({ SecurityOptions }: SystemInfo): string[] {
  const options = SecurityOptions ?? [];
  if (options.length === 0) return [];
  const lines = options.flatMap((option) => {
    const fields = option.split(",").map((field): [string, string] => {
      const at = field.indexOf("=");
      return at < 0 ? ["name", field] : [field.slice(0, at), field.slice(at + 1)];
    });
    return fields.map(([key, value]) =>
      key === "name" ? `  ${value}` : `   ${key[0]?.toUpperCase()}${key.slice(1)}: ${value}`,
    );
  });
  return [" Security Options:", ...lines];
}

function text(value: unknown): string {
  return value === undefined ? "" : String(value);
}

function binaryBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let [value, unit] = [bytes, 0];
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${Number(value.toPrecision(4))}${units[unit]}`;
}
