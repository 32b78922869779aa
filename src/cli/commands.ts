import type { CommandGroup } from "./cli.ts";
import { everydayVerbs } from "./everyday.ts";
import { type Found, findIn, type Loader } from "./find-command.ts";

/** Management commands: nouns with their verbs. A module is loaded when its command is called. */
export const groups: Readonly<Record<string, CommandGroup>> = {
  container: {
    summary: "Manage containers",
    aliases: { list: "ls", ps: "ls", remove: "rm" },
    commands: {
      ...everydayVerbs,
      inspect: async () => (await import("./commands/container/inspect.ts")).inspectContainerCommand,
      attach: async () => (await import("./commands/container/attach.ts")).attachCommand,
      commit: async () => (await import("./commands/container/commit.ts")).commitCommand,
      cp: async () => (await import("./commands/container/cp.ts")).cpCommand,
      create: async () => (await import("./commands/container/create.ts")).createCommand,
      diff: async () => (await import("./commands/container/diff.ts")).diffCommand,
      export: async () => (await import("./commands/container/export.ts")).exportCommand,
      pause: async () => (await import("./commands/container/pause.ts")).pauseCommand,
      port: async () => (await import("./commands/container/port.ts")).portCommand,
      prune: async () => (await import("./commands/container/prune.ts")).pruneContainersCommand,
      rename: async () => (await import("./commands/container/rename.ts")).renameCommand,
      stats: async () => (await import("./commands/container/stats.ts")).statsCommand,
      top: async () => (await import("./commands/container/top.ts")).topCommand,
      unpause: async () => (await import("./commands/container/unpause.ts")).unpauseCommand,
      update: async () => (await import("./commands/container/update.ts")).updateCommand,
      why: async () => (await import("./commands/container/why.ts")).whyCommand,
    },
  },
  image: {
    summary: "Manage images",
    aliases: { list: "ls", remove: "rm" },
    commands: {
      bootstrap: async () => (await import("./commands/image/bootstrap.ts")).bootstrapCommand,
      build: async () => (await import("./commands/image/build.ts")).buildCommand,
      copy: async () => (await import("./commands/image/copy.ts")).copyImageCommand,
      diff: async () => (await import("./commands/image/diff.ts")).diffImagesCommand,
      history: async () => (await import("./commands/image/history.ts")).historyCommand,
      import: async () => (await import("./commands/image/import.ts")).importCommand,
      inspect: async () => (await import("./commands/image/inspect.ts")).inspectImageCommand,
      layers: async () => (await import("./commands/image/layers.ts")).imageLayersCommand,
      load: async () => (await import("./commands/image/load.ts")).loadCommand,
      ls: async () => (await import("./commands/image/ls.ts")).listImagesCommand,
      prune: async () => (await import("./commands/image/prune.ts")).pruneImagesCommand,
      pull: async () => (await import("./commands/image/pull.ts")).pullCommand,
      push: async () => (await import("./commands/image/push.ts")).pushCommand,
      rm: async () => (await import("./commands/image/rm.ts")).removeImageCommand,
      save: async () => (await import("./commands/image/save.ts")).saveCommand,
      tag: async () => (await import("./commands/image/tag.ts")).tagCommand,
      tree: async () => (await import("./commands/image/tree.ts")).treeCommand,
    },
  },
  network: {
    summary: "Manage networks",
    aliases: { list: "ls", remove: "rm" },
    commands: {
      connect: async () => (await import("./commands/network/connect.ts")).connectCommand,
      create: async () => (await import("./commands/network/create.ts")).createNetworkCommand,
      disconnect: async () => (await import("./commands/network/disconnect.ts")).disconnectCommand,
      inspect: async () => (await import("./commands/network/inspect.ts")).inspectNetworkCommand,
      ls: async () => (await import("./commands/network/ls.ts")).listNetworksCommand,
      prune: async () => (await import("./commands/network/prune.ts")).pruneNetworksCommand,
      rm: async () => (await import("./commands/network/rm.ts")).removeNetworkCommand,
    },
  },
  volume: {
    summary: "Manage volumes",
    aliases: { list: "ls", remove: "rm" },
    commands: {
      create: async () => (await import("./commands/volume/create.ts")).createVolumeCommand,
      inspect: async () => (await import("./commands/volume/inspect.ts")).inspectVolumeCommand,
      ls: async () => (await import("./commands/volume/ls.ts")).listVolumesCommand,
      prune: async () => (await import("./commands/volume/prune.ts")).pruneVolumesCommand,
      rm: async () => (await import("./commands/volume/rm.ts")).removeVolumeCommand,
    },
  },
  system: {
    summary: "Manage the engine",
    commands: {
      df: async () => (await import("./commands/system/df.ts")).diskUsageCommand,
      events: async () => (await import("./commands/system/events.ts")).eventsCommand,
      info: async () => (await import("./commands/system/info.ts")).infoCommand,
      prune: async () => (await import("./commands/system/prune.ts")).pruneSystemCommand,
    },
  },
  registry: {
    summary: "Serve the engine's images as a registry",
    aliases: { list: "ls", rm: "stop" },
    commands: {
      ls: async () => (await import("./commands/registry/ls.ts")).listRegistriesCommand,
      serve: async () => (await import("./commands/registry/serve.ts")).serveRegistryCommand,
      stop: async () => (await import("./commands/registry/stop.ts")).stopRegistryCommand,
    },
  },
  manifest: {
    summary: "Manage image manifests and manifest lists",
    commands: {
      annotate: async () => (await import("./commands/manifest/annotate.ts")).annotateManifestCommand,
      create: async () => (await import("./commands/manifest/create.ts")).createManifestCommand,
      inspect: async () => (await import("./commands/manifest/inspect.ts")).inspectManifestCommand,
      push: async () => (await import("./commands/manifest/push.ts")).pushManifestCommand,
      rm: async () => (await import("./commands/manifest/rm.ts")).removeManifestCommand,
    },
  },
  builder: {
    summary: "Manage builds",
    commands: {
      build: async () => (await import("./commands/image/build.ts")).buildCommand,
      prune: async () => (await import("./commands/builder/prune.ts")).pruneBuilderCommand,
    },
  },
};

/** Commands without a noun: those of their own, and the short spellings of the others. */
export const topLevel: CommandGroup["commands"] = {
  ...verbs("container", [
    ...["attach", "commit", "cp", "create", "diff", "exec", "export", "kill", "logs", "pause", "port"],
    ...["rename", "restart", "rm", "run", "start", "stats", "stop", "top", "unpause", "update", "wait"],
    "why",
  ]),
  ...verbs("image", ["build", "history", "import", "load", "pull", "push", "save", "tag"]),
  ...verbs("system", ["events", "info"]),
  ps: verb("container", "ls"),
  images: verb("image", "ls"),
  rmi: verb("image", "rm"),
  compose: async () => (await import("./commands/compose/index.ts")).composeCommand,
  inspect: async () => (await import("./commands/inspect.ts")).inspectCommand,
  login: async () => (await import("./commands/registry/login.ts")).loginCommand,
  logout: async () => (await import("./commands/registry/logout.ts")).logoutCommand,
  search: async () => (await import("./commands/registry/search.ts")).searchCommand,
  version: async () => (await import("./commands/version.ts")).versionCommand,
};

function verb(noun: string, name: string): Loader {
  const loader = groups[noun]?.commands[name];
  if (!loader) throw new Error(`there is no command ${noun} ${name}`);
  return loader;
}

function verbs(noun: string, names: readonly string[]): Record<string, Loader> {
  return Object.fromEntries(names.map((name) => [name, verb(noun, name)]));
}

/** Finds and loads the command that the words name. */
export async function findCommand(words: readonly string[]): Promise<Found> {
  return await findIn({ groups, topLevel }, words);
}
