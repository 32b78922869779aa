import type { Client } from "../../../client/index.ts";
import type { ContainerInspect } from "../../../wire/index.ts";
import { asRun, type EngineDefaults, type ImageDefaults } from "../../as-run/index.ts";
import type { Cli } from "../../cli.ts";
import { ExitError } from "../../exit.ts";
import { eachTarget } from "../../targets.ts";

/** Prints for each container the command that makes it again; what no flag can say is told on stderr. */
export async function printAsRun(cli: Cli, names: readonly string[], form: string): Promise<number> {
  if (form !== "run") throw new ExitError(125, `unknown form for --as: "${form}": use run`);
  const engine = await engineDefaults(cli.client);
  return await eachTarget(cli, names, async (name) => {
    const container = await cli.client.containers.inspect(name);
    const { text, lost } = asRun(container, await imageOf(cli.client, container), engine);
    for (const what of lost) await cli.err.write(`# ${name}: cannot be said: ${what}\n`);
    return text.trimEnd();
  });
}

async function engineDefaults(client: Client): Promise<EngineDefaults> {
  const info = await client.system.info();
  return {
    runtime: info.DefaultRuntime,
    logDriver: String(info.LoggingDriver ?? ""),
    cgroupNamespace: info.CgroupVersion === "2" ? "private" : "host",
  };
}

/** The name that the container was made from, if it still names the same image; else the image's ID. */
async function imageOf(
  client: Client,
  { Image: id, Config }: ContainerInspect,
): Promise<{ name: string; defaults: ImageDefaults }> {
  const image = await client.images.inspect(id);
  const named = Config.Image ? await client.images.inspect(Config.Image).catch(() => undefined) : undefined;
  return { name: named?.Id === id ? (Config.Image ?? id) : id, defaults: image.Config ?? {} };
}
