import type { Output } from "../../output.ts";

/** Prints lines of many containers, each under the name of its own. */
export interface LogPrinter {
  /** A line that a container wrote. */
  line(name: string, text: string): Promise<void>;
  /** Makes the column of names wide enough. */
  widen(name: string): void;
}

export interface LogPrinterOptions {
  readonly coloured: boolean;
  readonly prefixed: boolean;
}

const colours = [36, 33, 32, 35, 34, 96, 93, 92, 95, 94];

/** `web-1  | text`, the name in a colour of its own. */
export function createLogPrinter(out: Output, { coloured, prefixed }: LogPrinterOptions): LogPrinter {
  const paint = new Map<string, number>();
  let width = 0;
  const prefix = (name: string): string => {
    const colour = paint.get(name) ?? colours[paint.size % colours.length] ?? 36;
    paint.set(name, colour);
    const text = `${name.padEnd(width)} | `;
    return coloured ? `\x1b[${colour}m${text}\x1b[0m` : text;
  };
  return {
    widen: (name) => {
      width = Math.max(width, name.length + 1);
    },
    line: (name, text) => out.write(prefixed ? `${prefix(name)}${text}\n` : `${text}\n`),
  };
}

/** What a container is called in a log: without the project, where that is in front. */
export function shortName(project: string, container: string): string {
  return container.startsWith(`${project}-`) ? container.slice(project.length + 1) : container;
}
