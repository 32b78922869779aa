import { randomBytes } from "node:crypto";
import { bringUp, type OneOff, type Project, type Service } from "../../../compose/index.ts";
import type { ContainerCreateRequest, HostConfig } from "../../../wire/index.ts";
import type { Invocation } from "../../cli.ts";
import { ExitError } from "../../exit.ts";
import type { FlagValues } from "../../flags/index.ts";
import { parsePorts } from "../../run-config/index.ts";
import type { Compose, ComposeCommand } from "./compose-command.ts";
import { removeOrphansFlag } from "./flags.ts";

export const runVerb: ComposeCommand = {
  usage: "run [OPTIONS] SERVICE [COMMAND] [ARGS...]",
  summary: "Run a one-off command on a service",
  flags: [
    { name: "build", kind: "bool", help: "Build image before starting container" },
    { name: "cap-add", kind: "list", help: "Add Linux capabilities" },
    { name: "cap-drop", kind: "list", help: "Drop Linux capabilities" },
    { name: "detach", short: "d", kind: "bool", help: "Run container in background and print container ID" },
    { name: "entrypoint", kind: "string", help: "Override the entrypoint of the image" },
    { name: "env", short: "e", kind: "list", type: "stringArray", help: "Set environment variables" },
    {
      name: "interactive",
      short: "i",
      kind: "bool",
      default: "true",
      help: "Keep STDIN open even if not attached",
    },
    { name: "label", short: "l", kind: "list", type: "stringArray", help: "Add or override a label" },
    { name: "name", kind: "string", help: "Assign a name to the container" },
    {
      name: "no-TTY",
      short: "T",
      kind: "bool",
      help: "Disable pseudo-TTY allocation (default: auto-detected)",
    },
    { name: "no-deps", kind: "bool", help: "Don't start linked services" },
    {
      name: "publish",
      short: "p",
      kind: "list",
      type: "stringArray",
      help: "Publish a container's port(s) to the host",
    },
    removeOrphansFlag,
    { name: "rm", kind: "bool", help: "Automatically remove the container when it exits" },
    {
      name: "service-ports",
      short: "P",
      kind: "bool",
      help: "Run command with all service's ports enabled and mapped to the host",
    },
    {
      name: "use-aliases",
      kind: "bool",
      help: "Use the service's network useAliases in the network(s) the container connects to",
    },
    { name: "user", short: "u", kind: "string", help: "Run as specified username or uid" },
    { name: "volume", short: "v", kind: "list", type: "stringArray", help: "Bind mount a volume" },
    { name: "workdir", short: "w", kind: "string", help: "Working directory inside the container" },
  ],
  args: { least: 1 },
  interspersed: false,
  run: async (compose, invocation) => {
    const [serviceName = ""] = invocation.args;
    const project = await compose.load([serviceName]);
    const service = project.services.get(serviceName);
    if (service === undefined) throw new ExitError(1, `no such service: ${serviceName}`);
    const oneOff = await oneOffOf(compose, { project, service }, invocation);
    const { flags } = invocation;
    await compose.working((applying) =>
      bringUp(project, applying, {
        services: [service.name],
        noDependencies: flags.bool("no-deps"),
        build: flags.bool("build") ? "always" : "missing",
        orphans: flags.bool("remove-orphans") ? "remove" : "warn",
        oneOff,
      }),
    );
    return compose.dryRun ? 0 : start(compose, oneOff.name, flags);
  },
};

async function oneOffOf(
  compose: Compose,
  { project, service }: { project: Project; service: Service },
  { flags, args }: Invocation,
): Promise<OneOff> {
  const slug = randomBytes(6).toString("hex");
  const tty = await usesTerminal(compose, service, flags);
  return {
    service: service.name,
    slug,
    name: flags.find("name") ?? `${project.name}-${service.name}-run-${slug}`,
    adjust: (request) =>
      adjusted(request, { flags, command: args.slice(1), tty, env: compose.cli.env }, service),
  };
}

async function usesTerminal({ cli }: Compose, service: Service, flags: FlagValues): Promise<boolean> {
  if (flags.bool("no-TTY")) return false;
  if (flags.bool("detach")) return service.config.Tty ?? false;
  return process.stdin.isTTY === true && (await cli.out.terminal()) !== undefined;
}

interface Adjustments {
  readonly flags: FlagValues;
  readonly command: readonly string[];
  readonly tty: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

function adjusted(
  request: ContainerCreateRequest,
  { flags, command, tty, env }: Adjustments,
  service: Service,
): ContainerCreateRequest {
  const attached = !flags.bool("detach");
  const stdin = attached && flags.bool("interactive");
  const entrypoint = flags.find("entrypoint");
  return {
    ...request,
    Tty: tty,
    OpenStdin: stdin,
    StdinOnce: stdin,
    AttachStdin: stdin,
    AttachStdout: attached,
    AttachStderr: attached,
    Env: variables(request.Env ?? [], flags.list("env"), env),
    Labels: { ...request.Labels, ...Object.fromEntries(flags.list("label").map(pair)) },
    ...(flags.has("user") ? { User: flags.text("user") } : {}),
    ...(flags.has("workdir") ? { WorkingDir: flags.text("workdir") } : {}),
    ...(entrypoint === undefined ? {} : { Entrypoint: entrypoint === "" ? [""] : entrypoint.split(/\s+/) }),
    // A new entrypoint does not want the arguments of the old one.
    ...(command.length > 0 || entrypoint !== undefined ? { Cmd: [...command] } : {}),
    HostConfig: hostOf(request, flags),
    ...(flags.bool("use-aliases") ? { NetworkingConfig: withAliases(request, service) } : {}),
    ...ports(request, flags),
  };
}

function hostOf(request: ContainerCreateRequest, flags: FlagValues): HostConfig {
  const { PortBindings: published, ...host } = request.HostConfig ?? {};
  const asked = parsePorts(flags.list("publish"), []).bindings;
  const bindings = { ...(flags.bool("service-ports") ? published : {}), ...asked };
  return {
    ...host,
    AutoRemove: flags.bool("rm"),
    RestartPolicy: { Name: "no", MaximumRetryCount: 0 },
    CapAdd: [...(host.CapAdd ?? []), ...flags.list("cap-add")],
    CapDrop: [...(host.CapDrop ?? []), ...flags.list("cap-drop")],
    Binds: [...(host.Binds ?? []), ...flags.list("volume")],
    ...(Object.keys(bindings).length === 0 ? {} : { PortBindings: bindings }),
  };
}

function ports(
  request: ContainerCreateRequest,
  flags: FlagValues,
): Pick<ContainerCreateRequest, "ExposedPorts"> {
  const exposed = parsePorts(flags.list("publish"), []).exposed;
  return Object.keys(exposed).length === 0 ? {} : { ExposedPorts: { ...request.ExposedPorts, ...exposed } };
}

function withAliases(
  request: ContainerCreateRequest,
  service: Service,
): NonNullable<ContainerCreateRequest["NetworkingConfig"]> {
  const endpoints = Object.entries(request.NetworkingConfig?.EndpointsConfig ?? {});
  return {
    EndpointsConfig: Object.fromEntries(
      endpoints.map(([name, settings]) => [
        name,
        { ...settings, Aliases: [service.name, ...service.networks.flatMap(({ aliases }) => aliases)] },
      ]),
    ),
  };
}

function variables(
  before: readonly string[],
  given: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): string[] {
  const values = new Map(before.map(pair));
  for (const text of given) {
    const [name, value] = pair(text);
    const known = text.includes("=") ? value : env[name];
    if (known !== undefined) values.set(name, known);
  }
  return [...values].map(([name, value]) => `${name}=${value}`);
}

function pair(text: string): [string, string] {
  const cut = text.indexOf("=");
  return cut < 0 ? [text, ""] : [text.slice(0, cut), text.slice(cut + 1)];
}

async function start({ cli }: Compose, name: string, flags: FlagValues): Promise<number> {
  if (flags.bool("detach")) {
    await cli.client.containers.start(name);
    await cli.out.write(`${name}\n`);
    return 0;
  }
  const { attachRunning } = await import("../container/attach-running.ts");
  const { Config } = await cli.client.containers.inspect(name);
  const ended = await attachRunning(cli, name, {
    tty: Config.Tty ?? false,
    stdin: Config.OpenStdin ?? false,
    proxy: true,
    detachKeys: "",
    start: () => cli.client.containers.start(name),
  });
  return ended === "detached" ? 0 : ended;
}
