/** Why a start failed, as far as the engine's words show it, and what can be done. */
export interface StartTrouble {
  readonly reason: string;
  readonly advice: readonly string[];
  /** A host port that somebody else has. */
  readonly port?: string;
}

interface Case {
  readonly words: RegExp;
  readonly trouble: (match: RegExpExecArray, image: string) => StartTrouble;
}

const cases: readonly Case[] = [
  {
    words:
      /(?:bind host port|bind for|listen (?:tcp|udp)\w*)[^\n]*?:(\d+)|port (\d+)[^\n]*already|(\d+)\/(?:tcp|udp)[^\n]*already/i,
    trouble: (match) => {
      const port = match[1] ?? match[2] ?? match[3] ?? "";
      return {
        reason: `Host port ${port} is taken by somebody else.`,
        advice: [`publish another one, as in -p ${Number(port) + 1}:…, or end what uses port ${port}`],
        port,
      };
    },
  },
  {
    words: /exec:? "([^"]+)":? (?:executable file not found|stat [^:]+: no such file|[^\n]*no such file)/i,
    trouble: ([, command = ""], image) => ({
      reason: `The image has no command ${JSON.stringify(command)}.`,
      advice: [
        "check the spelling, and whether the program is in a directory of PATH",
        `a script needs its interpreter too: the first line of it names one that has to be in the image`,
        `look into the image: gantry run --rm -it --entrypoint sh ${image}`,
      ],
    }),
  },
  {
    words: /exec:? "([^"]+)"[^\n]*permission denied/i,
    trouble: ([, command = ""]) => ({
      reason: `${JSON.stringify(command)} is there but may not be executed.`,
      advice: [`make it executable: RUN chmod +x ${command}`],
    }),
  },
  {
    words: /exec:? "([^"]+)"[^\n]*is a directory/i,
    trouble: ([, command = ""]) => ({
      reason: `${JSON.stringify(command)} is a directory, not a program.`,
      advice: ["give the command after the image's name"],
    }),
  },
  {
    words: /chdir [`"']?([^`"'\n]+?)[`"']?: (?:not a directory|no such file|permission denied)/i,
    trouble: ([, path = ""]) => ({
      reason: `Its working directory ${path} is no directory that it may enter.`,
      advice: ["name another one with --workdir"],
    }),
  },
  {
    words: /exec format error/i,
    trouble: (_match, image) => ({
      reason: "The program is built for another kind of machine, or is a script without a first line #!.",
      advice: [`see what the image is for: gantry image inspect -f '{{.Os}}/{{.Architecture}}' ${image}`],
    }),
  },
  {
    words: /unable to find (user|group) ([^\s:]+)/i,
    trouble: ([, kind = "user", name = ""]) => ({
      reason: `The image knows no ${kind} ${JSON.stringify(name)}.`,
      advice: [`use a number, as in --user 1000:1000, or add the ${kind} to the image`],
    }),
  },
  {
    words: /bind source path does not exist: (\S+)/i,
    trouble: ([, path = ""]) => ({
      reason: `${path} is to be mounted, and is not there.`,
      advice: [`make it: mkdir -p ${path}`],
    }),
  },
  {
    words: /no space left on device/i,
    trouble: () => ({
      reason: "The disk is full.",
      advice: ["see what takes it: gantry system df", "free what nothing uses: gantry system prune"],
    }),
  },
];

/** Undefined when the words are not known: they then have to speak for themselves. */
export function startTrouble(error: string, image: string): StartTrouble | undefined {
  for (const { words, trouble } of cases) {
    const match = words.exec(error);
    if (match) return trouble(match, image);
  }
  return undefined;
}
