import type { ProgressMessage } from "../../../wire/index.ts";
import type { Output } from "../../output.ts";

/** Shows what a build says. */
export interface BuildPrinter {
  show(message: ProgressMessage): Promise<void>;
  /** Ends the output; gives the image's ID. */
  done(): Promise<string | undefined>;
  /** Ends the output of a build that failed: a quiet one tells then what it had kept to itself. */
  failed(): Promise<void>;
}

/** A printer that colours steps on a terminal, and shows a quiet build's image ID alone. */
export async function buildPrinter(out: Output, quiet: boolean): Promise<BuildPrinter> {
  const colours = !quiet && (await out.terminal()) !== undefined && process.env.NO_COLOR === undefined;
  const kept: string[] = [];
  let id: string | undefined;
  return {
    show: async (message) => {
      id = imageID(message) ?? id;
      const text = message.stream ?? (message.status === undefined ? "" : `${message.status}\n`);
      if (text === "") return;
      if (quiet) kept.push(text);
      else await out.write(colours ? paint(text) : text);
    },
    done: async () => {
      // A quiet build's stream is its image ID.
      const said = kept.join("").trim();
      id ??= /^sha256:[0-9a-f]{64}$/.test(said) ? said : undefined;
      if (quiet && id) await out.write(`${id}\n`);
      return id;
    },
    failed: async () => {
      if (kept.length > 0) await out.write(kept.join(""));
    },
  };
}

function imageID({ aux }: ProgressMessage): string | undefined {
  if (typeof aux !== "object" || aux === null || !("ID" in aux)) return undefined;
  return typeof aux.ID === "string" ? aux.ID : undefined;
}

const [bold, dim, green, plain] = ["\u001b[1m", "\u001b[2m", "\u001b[32m", "\u001b[0m"];

function paint(text: string): string {
  if (/^Step \d+\/\d+ :/.test(text)) return text.replace(/^(.*)/, `${bold}$1${plain}`);
  if (text.startsWith(" ---> Using cache")) return text.replace(/^(.*)/, `${green}$1${plain}`);
  if (text.startsWith(" ---> ")) return text.replace(/^(.*)/, `${dim}$1${plain}`);
  return /^Successfully /.test(text) ? text.replace(/^(.*)/, `${green}$1${plain}`) : text;
}
