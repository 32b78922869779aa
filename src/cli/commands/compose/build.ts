import { type BuildSpec, ensureImages, type Project, type Service } from "../../../compose/index.ts";
import type { FlagValues } from "../../flags/index.ts";
import type { Compose, ComposeCommand } from "./compose-command.ts";
import { quietFlag } from "./flags.ts";

export const buildVerb: ComposeCommand = {
  usage: "build [OPTIONS] [SERVICE...]",
  summary: "Build or rebuild services",
  flags: [
    { name: "build-arg", kind: "list", type: "stringArray", help: "Set build-time variables for services" },
    { name: "no-cache", kind: "bool", help: "Do not use cache when building the image" },
    { name: "pull", kind: "bool", help: "Always attempt to pull a newer version of the image" },
    quietFlag("Don't print anything to STDOUT"),
    { name: "with-dependencies", kind: "bool", help: "Also build dependencies (transitively)" },
  ],
  args: { least: 0 },
  run: async (compose, { flags, args }) => {
    const project = await compose.load(args);
    const wanted = withDependencies(project, args, flags.bool("with-dependencies"));
    const services = wanted
      .filter(({ build }) => build !== undefined)
      .map((service) => adjusted(service, flags, compose));
    if (services.length === 0) {
      compose.warn("No services to build");
      return 0;
    }
    await compose.working((applying) => ensureImages(project, applying, { services, build: "always" }), {
      quiet: flags.bool("quiet"),
    });
    return 0;
  },
};

function withDependencies(project: Project, named: readonly string[], dependencies: boolean): Service[] {
  if (named.length === 0) return [...project.services.values()];
  const wanted = new Set(named);
  for (const name of wanted) {
    if (dependencies)
      for (const { service } of project.services.get(name)?.dependsOn ?? []) wanted.add(service);
  }
  return [...project.services.values()].filter(({ name }) => wanted.has(name));
}

function adjusted(service: Service, flags: FlagValues, { cli }: Compose): Service {
  if (service.build === undefined) return service;
  const args = flags.list("build-arg").map((text): [string, string | null] => {
    const [name = "", ...value] = text.split("=");
    return [name, value.length === 0 ? (cli.env[name] ?? null) : value.join("=")];
  });
  const build: BuildSpec = {
    ...service.build,
    args: { ...service.build.args, ...Object.fromEntries(args) },
    noCache: service.build.noCache || flags.bool("no-cache"),
    pull: service.build.pull || flags.bool("pull"),
  };
  return { ...service, build };
}
