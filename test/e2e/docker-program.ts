import { join } from "node:path";
import { repository } from "../../scripts/suites.ts";

/** The docker command line that the tests drive: this machine's, or the one that was taken out of its package. */
export function dockerProgram(): string {
  return Bun.which("docker") ?? join(repository, "build/docker-cli/docker");
}

/** Its major version; Debian's own are older than what some flags and words came with. */
export const dockerVersion = Number(
  /version (\d+)\./.exec(Bun.spawnSync([dockerProgram(), "--version"]).stdout.toString())?.[1] ?? 0,
);

/** What it learnt late, and with which version. Before 27.1.2 some lose the rates of devices without a word. */
const learnt: readonly (readonly [asked: RegExp, version: number])[] = [
  [/^(stop|restart) -s /, 23],
  [/ --annotation[ =]/, 24],
  [/ --health-start-interval[ =]/, 25],
  [/ --device [^/ ][^ ]*=/, 25],
  [/,bind-recursive=/, 25],
  [/,volume-subpath=/, 26],
  [/type=image,/, 28],
  [/ --device-(read|write)-/, 28],
];

/** True when it can say this as the newest one does; our own command line can say all of it. */
export function dockerKnows(args: readonly string[]): boolean {
  const text = args.join(" ");
  return learnt.every(([asked, version]) => dockerVersion >= version || !asked.test(text));
}
