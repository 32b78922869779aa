import type { ContainerInspect } from "../../wire/index.ts";
import { commandWords, configWords, type ImageDefaults } from "./config-words.ts";
import { flag, type Option, shellWord } from "./flag-words.ts";
import { type EngineDefaults, hostWords } from "./host-words.ts";
import { limitWords } from "./limit-words.ts";
import { linkWords, networkWords } from "./network-words.ts";

export type { ImageDefaults } from "./config-words.ts";
export type { EngineDefaults } from "./host-words.ts";

/** The command that makes a container again. */
export interface AsRun {
  /** For a POSIX shell, a flag a line. */
  readonly text: string;
  /** What of the container no flag can say. */
  readonly lost: readonly string[];
}

/**
 * The command that makes this container again. `image.name` is what stands for the image; what the image and the
 * engine say by themselves is left out. Pure.
 */
export function asRun(
  container: ContainerInspect,
  image: { readonly name: string; readonly defaults: ImageDefaults },
  engine: EngineDefaults,
): AsRun {
  const config = configWords(container, image.defaults);
  const host = hostWords(container, engine);
  const { entrypoint, command } = commandWords(container.Config, image.defaults);
  const options: Option[] = [
    ...flag("name", container.Name.replace(/^\//, "")),
    ...config.words,
    ...networkWords(container),
    ...linkWords(container),
    ...host.words,
    ...limitWords(container.HostConfig),
    ...entrypoint,
  ];
  const flagLines = options.map((option) => option.map(shellWord).join(" "));
  const lines = ["gantry run", ...flagLines, [image.name, ...command].map(shellWord).join(" ")];
  return { text: `${lines.join(" \\\n  ")}\n`, lost: [...config.lost, ...host.lost] };
}
