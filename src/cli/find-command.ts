import type { Command, CommandGroup, RawCommand } from "./cli.ts";

/** What the first words of a call name. */
export type Found =
  | { readonly kind: "none" }
  | { readonly kind: "group"; readonly path: string; readonly group: CommandGroup }
  | { readonly kind: "unknown"; readonly path: string; readonly word: string }
  | {
      readonly kind: "command";
      readonly path: string;
      readonly command: Command | RawCommand;
      readonly rest: readonly string[];
    };

export type Loader = () => Promise<Command | RawCommand>;

/** Nouns with their verbs, and the commands without a noun. */
export interface Commands {
  readonly groups: Readonly<Record<string, CommandGroup>>;
  readonly topLevel: CommandGroup["commands"];
}

/** Finds and loads the command that the words name. */
export async function findIn({ groups, topLevel }: Commands, words: readonly string[]): Promise<Found> {
  const [first, second, ...others] = words;
  if (first === undefined) return { kind: "none" };
  const group = own(groups, first);
  if (!group) return await load(topLevel, { path: "", word: first, rest: words.slice(1) });
  if (second === undefined || second === "--help" || second === "-h")
    return { kind: "group", path: first, group };
  const word = own(group.aliases ?? {}, second) ?? second;
  return await load(group.commands, { path: first, word, rest: others, called: second });
}

interface Wanted {
  readonly path: string;
  readonly word: string;
  readonly rest: readonly string[];
  readonly called?: string;
}

async function load(commands: CommandGroup["commands"], wanted: Wanted): Promise<Found> {
  const name = wanted.called ?? wanted.word;
  const loader = own(commands, wanted.word);
  if (!loader) return { kind: "unknown", path: wanted.path, word: name };
  const path = wanted.path === "" ? name : `${wanted.path} ${name}`;
  return { kind: "command", path, command: await loader(), rest: wanted.rest };
}

function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
