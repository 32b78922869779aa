export type { Cli, Command, CommandGroup, Invocation, RawCommand, Surroundings } from "./cli.ts";
export { runCli, runWith } from "./whole.ts";
