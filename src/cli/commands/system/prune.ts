import { formatBytes } from "../../../base/index.ts";
import type { Cli, Command, Invocation } from "../../cli.ts";
import { confirm } from "../../confirm.ts";
import { deletedImages } from "../image/prune.ts";

export const pruneSystemCommand: Command = {
  usage: "prune [OPTIONS]",
  summary: "Remove unused data",
  flags: [
    { name: "all", short: "a", kind: "bool", help: "Remove all unused images not just dangling ones" },
    { name: "filter", kind: "filter", help: 'Provide filter values (e.g. "label=<key>=<value>")' },
    { name: "force", short: "f", kind: "bool", help: "Do not prompt for confirmation" },
    { name: "volumes", kind: "bool", help: "Prune anonymous volumes" },
  ],
  args: { least: 0, most: 0 },
  run,
};

async function run(cli: Cli, { flags }: Invocation): Promise<number> {
  const [all, withVolumes] = [flags.bool("all"), flags.bool("volumes")];
  if (!flags.bool("force") && !(await confirm(cli, question({ all, withVolumes })))) return 0;
  const filters = flags.filters("filter");
  const { containers, networks, volumes, images, builds } = cli.client;
  const pruned = await containers.prune({ filters });
  const list = (title: string, names: readonly string[] | null) =>
    names && names.length > 0 ? `Deleted ${title}:\n${names.join("\n")}\n\n` : "";
  await cli.out.write(list("Containers", pruned.ContainersDeleted));
  await cli.out.write(list("Networks", (await networks.prune({ filters })).NetworksDeleted));
  let freed = pruned.SpaceReclaimed;
  if (withVolumes) {
    const { VolumesDeleted, SpaceReclaimed } = await volumes.prune({ filters });
    await cli.out.write(list("Volumes", VolumesDeleted));
    freed += SpaceReclaimed;
  }
  const gone = await images.prune({ filters: { ...filters, dangling: [String(!all)] } });
  await cli.out.write(deletedImages(gone.ImagesDeleted ?? []));
  const cache = await builds.prune({ all, filters });
  await cli.out.write(list("build cache objects", cache.CachesDeleted));
  freed += gone.SpaceReclaimed + cache.SpaceReclaimed;
  await cli.out.write(`Total reclaimed space: ${formatBytes(freed, 4)}\n`);
  return 0;
}

function question({ all, withVolumes }: { all: boolean; withVolumes: boolean }): string {
  const items = [
    "all stopped containers",
    "all networks not used by at least one container",
    ...(withVolumes ? ["all anonymous volumes not used by at least one container"] : []),
    all ? "all images without at least one container associated to them" : "all dangling images",
    all ? "all build cache" : "unused build cache",
  ];
  const list = items.map((item) => `  - ${item}\n`).join("");
  return `WARNING! This will remove:\n${list}\nAre you sure you want to continue?`;
}
