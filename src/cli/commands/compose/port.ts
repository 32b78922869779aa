import { EngineError } from "../../../base/index.ts";
import type { ComposeCommand } from "./compose-command.ts";
import { oneContainer } from "./containers.ts";
import { indexFlag } from "./flags.ts";

export const portVerb: ComposeCommand = {
  usage: "port [OPTIONS] SERVICE PRIVATE_PORT",
  summary: "Print the public port for a port binding",
  flags: [indexFlag, { name: "protocol", kind: "string", default: "tcp", help: "tcp or udp" }],
  args: { least: 2, most: 2 },
  run: async (compose, { flags, args }) => {
    const [service = "", port = ""] = args;
    const container = await oneContainer(compose, service, flags.int("index"));
    const { NetworkSettings } = await compose.cli.client.containers.inspect(container.id);
    const key = `${port}/${flags.text("protocol")}`;
    const binding = NetworkSettings.Ports[key]?.[0];
    if (!binding) {
      throw new EngineError("not-found", `no port ${key} for container ${container.name}`, { subject: key });
    }
    const host = binding.HostIp ?? "0.0.0.0";
    await compose.cli.out.write(`${host.includes(":") ? `[${host}]` : host}:${binding.HostPort ?? ""}\n`);
    return 0;
  },
};
