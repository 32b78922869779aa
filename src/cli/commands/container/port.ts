import type { PortMap } from "../../../wire/index.ts";
import type { Command } from "../../cli.ts";
import { ExitError } from "../../exit.ts";

export const portCommand: Command = {
  usage: "port CONTAINER [PRIVATE_PORT[/PROTO]]",
  summary: "List port mappings or a specific mapping for the container",
  flags: [],
  args: { least: 1, most: 2 },
  run: async (cli, { args: [name = "", wanted] }) => {
    const { NetworkSettings } = await cli.client.containers.inspect(name);
    const ports = NetworkSettings.Ports ?? {};
    const lines = wanted === undefined ? allPorts(ports) : onePort(ports, { name, wanted });
    if (lines.length > 0) await cli.out.write(`${lines.join("\n")}\n`);
    return 0;
  },
};

function allPorts(ports: PortMap): string[] {
  const lines = Object.entries(ports).flatMap(([port, bindings]) =>
    (bindings ?? []).map((binding) => `${port} -> ${joinHost(binding)}`),
  );
  return lines.sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
}

function onePort(ports: PortMap, { name, wanted }: { name: string; wanted: string }): string[] {
  const [port = "", protocol = "tcp"] = wanted.split("/");
  const bindings = ports[`${port}/${protocol}`];
  if (!bindings || bindings.length === 0) {
    throw new ExitError(1, `Error: No public port '${wanted}' published for ${name}`);
  }
  return bindings.map(joinHost).sort();
}

function joinHost({ HostIp = "", HostPort = "" }: { HostIp?: string; HostPort?: string }): string {
  return `${HostIp.includes(":") ? `[${HostIp}]` : HostIp}:${HostPort}`;
}
