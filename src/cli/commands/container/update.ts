import type { ContainerUpdateRequest } from "../../../wire/index.ts";
import type { Command } from "../../cli.ts";
import { ExitError } from "../../exit.ts";
import { compact, parseRestart, sharedResources } from "../../run-config/index.ts";
import { eachTarget } from "../../targets.ts";

export const updateCommand: Command = {
  usage: "update [OPTIONS] CONTAINER [CONTAINER...]",
  summary: "Update configuration of one or more containers",
  flags: [
    {
      name: "blkio-weight",
      kind: "uint",
      type: "uint16",
      help: "Block IO (relative weight), between 10 and 1000, or 0 to disable",
    },
    { name: "cpu-period", kind: "int", help: "Limit CPU CFS (Completely Fair Scheduler) period" },
    { name: "cpu-quota", kind: "int", help: "Limit CPU CFS (Completely Fair Scheduler) quota" },
    { name: "cpu-rt-period", kind: "int", help: "Limit the CPU real-time period in microseconds" },
    { name: "cpu-rt-runtime", kind: "int", help: "Limit the CPU real-time runtime in microseconds" },
    { name: "cpu-shares", short: "c", kind: "int", help: "CPU shares (relative weight)" },
    { name: "cpus", kind: "decimal", help: "Number of CPUs" },
    { name: "cpuset-cpus", kind: "string", help: "CPUs in which to allow execution (0-3, 0,1)" },
    { name: "cpuset-mems", kind: "string", help: "MEMs in which to allow execution (0-3, 0,1)" },
    { name: "memory", short: "m", kind: "bytes", help: "Memory limit" },
    { name: "memory-reservation", kind: "bytes", help: "Memory soft limit" },
    {
      name: "memory-swap",
      kind: "swap",
      help: "Swap limit equal to memory plus swap: -1 to enable unlimited swap",
    },
    { name: "pids-limit", kind: "int", help: "Tune container pids limit (set -1 for unlimited)" },
    { name: "restart", kind: "string", help: "Restart policy to apply when a container exits" },
  ],
  args: { least: 1 },
  run: async (cli, { flags, args }) => {
    const request: ContainerUpdateRequest = {
      ...sharedResources(flags),
      ...compact<ContainerUpdateRequest>({
        RestartPolicy: flags.has("restart") ? parseRestart(flags.text("restart")) : undefined,
      }),
    };
    if (Object.keys(request).length === 0) {
      throw new ExitError(1, "you must provide one or more flags when using this command");
    }
    return await eachTarget(cli, args, async (name) => {
      const { Warnings } = await cli.client.containers.update(name, request);
      for (const warning of Warnings ?? []) await cli.err.write(`${warning}\n`);
      return name;
    });
  },
};
