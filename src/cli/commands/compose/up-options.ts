import { EngineError } from "../../../base/index.ts";
import type { BringUpOptions } from "../../../compose/index.ts";
import { ExitError } from "../../exit.ts";
import type { FlagSpec, FlagValues } from "../../flags/index.ts";
import type { Compose } from "./compose-command.ts";
import { removeOrphansFlag } from "./flags.ts";
import { oneOf } from "./global-flags.ts";

/** The flags that `up` and `create` share. */
export const bringUpFlags: readonly FlagSpec[] = [
  { name: "build", kind: "bool", help: "Build images before starting containers" },
  {
    name: "force-recreate",
    kind: "bool",
    help: "Recreate containers even if their configuration and image haven't changed",
  },
  { name: "no-build", kind: "bool", help: "Don't build an image, even if it's policy" },
  {
    name: "no-recreate",
    kind: "bool",
    help: "If containers already exist, don't recreate them. Incompatible with --force-recreate.",
  },
  {
    name: "pull",
    kind: "string",
    help: 'Pull image before running ("always"|"missing"|"never"|"build")',
    check: oneOf("always", "missing", "never", "build", "policy"),
  },
  { name: "quiet-build", kind: "bool", help: "Suppress the build output" },
  removeOrphansFlag,
  {
    name: "scale",
    kind: "list",
    type: "scale",
    help: "Scale SERVICE to NUM instances. Overrides the `scale` setting in the Compose file if present.",
  },
];

/** What the shared flags ask of the plan. Throws for flags that exclude each other. */
export function bringUpOptions(
  { cli }: Compose,
  flags: FlagValues,
  services: readonly string[],
): BringUpOptions {
  exclude(flags, "build", "no-build");
  exclude(flags, "force-recreate", "no-recreate");
  const remove = flags.bool("remove-orphans") || cli.env.COMPOSE_REMOVE_ORPHANS === "1";
  const pull = flags.find("pull");
  const ignore = /^(1|true)$/i.test(cli.env.COMPOSE_IGNORE_ORPHANS ?? "");
  return {
    services,
    build: flags.bool("build") ? "always" : flags.bool("no-build") ? "never" : "missing",
    ...(pull === undefined || pull === "policy" ? {} : { pull }),
    recreate: flags.bool("force-recreate") ? "always" : flags.bool("no-recreate") ? "never" : "changed",
    orphans: remove ? "remove" : ignore ? "ignore" : "warn",
    scale: parseScale(flags.list("scale")),
  };
}

/** Throws, in Compose's words, when both flags are given. */
export function exclude(flags: FlagValues, one: string, other: string): void {
  if (flags.bool(one) && flags.bool(other))
    throw new ExitError(1, `--${one} and --${other} are incompatible`);
}

/** Reads `web=3` words. */
export function parseScale(words: readonly string[]): Map<string, number> {
  return new Map(
    words.map((word) => {
      const match = /^([^=]+)=(\d+)$/.exec(word);
      if (!match) {
        throw new EngineError("invalid", `invalid --scale option "${word}". Should be SERVICE=NUM`, {
          subject: word,
        });
      }
      return [match[1] ?? "", Number(match[2])];
    }),
  );
}
