import { EngineError } from "../../../base/index.ts";
import { formatProject, imageName, loadUninterpolated, type Project } from "../../../compose/index.ts";
import type { FlagValues } from "../../flags/index.ts";
import type { Compose, ComposeCommand } from "./compose-command.ts";
import { asLoadExit } from "./failure.ts";
import { quietFlag } from "./flags.ts";
import { oneOf } from "./global-flags.ts";
import { loadOptions } from "./open-compose.ts";

export const configVerb: ComposeCommand = {
  usage: "config [OPTIONS] [SERVICE...]",
  summary: "Parse, resolve and render compose file in canonical format",
  flags: [
    { name: "environment", kind: "bool", help: "Print environment used for interpolation." },
    {
      name: "format",
      kind: "string",
      default: "yaml",
      help: "Format the output. Values: [yaml | json]",
      check: oneOf("yaml", "json"),
    },
    { name: "hash", kind: "string", help: "Print the service config hash, one per line." },
    { name: "images", kind: "bool", help: "Print the image names, one per line." },
    { name: "networks", kind: "bool", help: "Print the network names, one per line." },
    { name: "no-interpolate", kind: "bool", help: "Don't interpolate environment variables" },
    { name: "output", short: "o", kind: "string", help: "Save to file (default to stdout)" },
    { name: "profiles", kind: "bool", help: "Print the profile names, one per line." },
    quietFlag("Only validate the configuration, don't print anything"),
    { name: "services", kind: "bool", help: "Print the service names, one per line." },
    { name: "volumes", kind: "bool", help: "Print the volume names, one per line." },
  ],
  args: { least: 0 },
  run: async (compose, { flags, args }) => {
    const text = await render(compose, flags, args);
    if (flags.bool("quiet")) return 0;
    const path = flags.find("output");
    if (path === undefined) await compose.cli.out.write(text);
    else await Bun.write(path, text);
    return 0;
  },
};

async function render(compose: Compose, flags: FlagValues, services: readonly string[]): Promise<string> {
  if (flags.bool("no-interpolate")) {
    try {
      return await loadUninterpolated(loadOptions(compose.cli, compose.flags, services));
    } catch (error) {
      throw asLoadExit(error);
    }
  }
  const project = await compose.load(services);
  const names = listed(project, flags);
  if (names !== undefined) return names.map((name) => `${name}\n`).join("");
  return formatProject(onlyNamed(project, services), flags.text("format") === "json" ? "json" : "yaml");
}

/** The names that a flag asks for, one a line; undefined when none does. */
function listed(project: Project, flags: FlagValues): string[] | undefined {
  const services = [...project.services.values()];
  if (flags.bool("services")) return services.map(({ name }) => name);
  if (flags.bool("images")) return services.map((service) => imageName(project, service));
  if (flags.bool("volumes")) return [...project.volumes.keys()].sort();
  if (flags.bool("networks")) return [...project.networks.keys()].sort();
  if (flags.bool("profiles")) return [...project.profiles];
  if (flags.bool("environment"))
    return [...project.variables].map(([name, value]) => `${name}=${value}`).sort();
  const hash = flags.find("hash");
  return hash === undefined ? undefined : hashes(project, hash);
}

function hashes(project: Project, wanted: string): string[] {
  const names = wanted === "*" ? [...project.services.keys()].sort() : wanted.split(",");
  return names.map((name) => {
    const service = project.services.get(name);
    if (!service) throw new EngineError("not-found", `no such service: ${name}`, { subject: name });
    return `${name} ${service.hash}`;
  });
}

function onlyNamed(project: Project, names: readonly string[]): Project {
  if (names.length === 0) return project;
  return { ...project, services: new Map([...project.services].filter(([name]) => names.includes(name))) };
}
