import { type BroughtUp, bringUp, type Project } from "../../../compose/index.ts";
import type { Invocation } from "../../cli.ts";
import { ExitError } from "../../exit.ts";
import type { FlagValues } from "../../flags/index.ts";
import type { Compose, ComposeCommand } from "./compose-command.ts";
import { timeoutFlag } from "./flags.ts";
import { logShowFlags } from "./logs.ts";
import { runAttached } from "./up-attached.ts";
import { bringUpFlags, bringUpOptions, exclude } from "./up-options.ts";

export const upVerb: ComposeCommand = {
  usage: "up [OPTIONS] [SERVICE...]",
  summary: "Create and start containers",
  flags: [
    {
      name: "abort-on-container-exit",
      kind: "bool",
      help: "Stops all containers if any container was stopped. Incompatible with -d",
    },
    {
      name: "abort-on-container-failure",
      kind: "bool",
      help: "Stops all containers if any container exited with failure. Incompatible with -d",
    },
    {
      name: "always-recreate-deps",
      kind: "bool",
      help: "Recreate dependent containers. Incompatible with --no-recreate.",
    },
    {
      name: "attach",
      kind: "list",
      type: "stringArray",
      help: "Restrict attaching to the specified services. Incompatible with --attach-dependencies.",
    },
    {
      name: "attach-dependencies",
      kind: "bool",
      help: "Automatically attach to log output of dependent services",
    },
    ...bringUpFlags,
    { name: "detach", short: "d", kind: "bool", help: "Detached mode: Run containers in the background" },
    {
      name: "exit-code-from",
      kind: "string",
      help: "Return the exit code of the selected service container. Implies --abort-on-container-exit",
    },
    {
      name: "no-attach",
      kind: "list",
      type: "stringArray",
      help: "Do not attach (stream logs) to the specified services",
    },
    { name: "no-deps", kind: "bool", help: "Don't start linked services" },
    { name: "no-start", kind: "bool", help: "Don't start the services after creating them" },
    {
      name: "renew-anon-volumes",
      short: "V",
      kind: "bool",
      help: "Recreate anonymous volumes instead of retrieving data from the previous containers",
    },
    ...logShowFlags,
    timeoutFlag,
    { name: "wait", kind: "bool", help: "Wait for services to be running|healthy. Implies detached mode." },
    {
      name: "wait-timeout",
      kind: "int",
      help: "Maximum duration in seconds to wait for the project to be running|healthy",
    },
    {
      name: "yes",
      short: "y",
      kind: "bool",
      help: 'Assume "yes" as answer to all prompts and run non-interactively',
    },
  ],
  args: { least: 0 },
  run: async (compose, { flags, args }) => {
    checkFlags(flags);
    const project = await compose.load(args);
    const detached = flags.bool("detach") || flags.bool("wait") || flags.bool("no-start") || compose.dryRun;
    if (!detached) {
      const start = (signal: AbortSignal): Promise<BroughtUp> =>
        bring(compose, project, { flags, args }, signal);
      return runAttached(compose, project, { flags, args, bring: start });
    }
    await bring(compose, project, { flags, args });
    return 0;
  },
};

function checkFlags(flags: FlagValues): void {
  exclude(flags, "no-recreate", "always-recreate-deps");
  exclude(flags, "attach-dependencies", "no-deps");
  for (const name of ["abort-on-container-exit", "abort-on-container-failure", "attach-dependencies"]) {
    exclude(flags, "detach", name);
  }
  if (flags.bool("wait") && flags.has("exit-code-from")) {
    throw new ExitError(1, "--wait and --exit-code-from are incompatible");
  }
}

async function bring(
  compose: Compose,
  project: Project,
  { flags, args }: Invocation,
  signal?: AbortSignal,
): Promise<BroughtUp> {
  const seconds = flags.int("wait-timeout");
  const limit = flags.bool("wait") && seconds !== undefined ? waitLimit(seconds, project.name) : undefined;
  return compose.working(
    (applying) => {
      const signals = [applying.signal, limit].filter((one) => one !== undefined);
      return bringUp(
        project,
        { ...applying, signal: AbortSignal.any(signals) },
        {
          ...bringUpOptions(compose, flags, args),
          noDependencies: flags.bool("no-deps"),
          recreateDependencies: flags.bool("always-recreate-deps"),
          renewAnonymousVolumes: flags.bool("renew-anon-volumes"),
          start: !flags.bool("no-start"),
          timeout: flags.int("timeout"),
          wait: flags.bool("wait"),
        },
      );
    },
    { quiet: flags.bool("quiet-build"), ...(signal === undefined ? {} : { signal }) },
  );
}

function waitLimit(seconds: number, project: string): AbortSignal {
  const stop = new AbortController();
  const timer = setTimeout(
    () => stop.abort(new ExitError(1, `application not healthy after ${seconds}s: project ${project}`)),
    seconds * 1000,
  );
  timer.unref();
  return stop.signal;
}
