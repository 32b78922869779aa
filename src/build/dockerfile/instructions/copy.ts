import { parseError } from "../error.ts";
import { heredocBody, type Node, parseHeredoc } from "../parser/index.ts";
import { type FlagKind, type Flags, readFlags } from "./flags.ts";
import type { CopyInstruction, InlineFile } from "./types.ts";

const common: Readonly<Record<string, FlagKind>> = {
  chown: "text",
  chmod: "text",
  link: "boolean",
  exclude: "list",
};
const copyFlags = { ...common, from: "text", parents: "refused" } as const;
const addFlags = { ...common, checksum: "refused", "keep-git-dir": "refused", unpack: "refused" } as const;

/** COPY and ADD. */
export function parseCopy(node: Node, kind: "copy" | "add"): CopyInstruction {
  const flags = readFlags(node, kind === "copy" ? copyFlags : addFlags);
  const destination = node.args.at(-1);
  const name = kind.toUpperCase();
  if (destination === undefined || node.args.length < 2) {
    const count =
      node.args.length === 1 ? ", but only one was provided. Destination could not be determined" : "";
    throw parseError(
      `${name} requires at least two arguments${count}`,
      node.place(),
      `Write ${name} SOURCE… DESTINATION.`,
    );
  }
  if (node.heredocs.length > 0 && parseHeredoc(destination)) {
    throw parseError(`${name} cannot accept a heredoc as a destination`, node.place(destination));
  }
  const sources = node.args.slice(0, -1);
  const inline = node.heredocs.length > 0 ? sources.flatMap((word) => inlineFile(node, word)) : [];
  const paths = node.heredocs.length > 0 ? sources.filter((word) => !parseHeredoc(word)) : sources;
  for (const path of paths) refuseRemote(node, path, kind);
  return { kind, node, sources: paths, inline, destination, ...options(flags) };
}

function options(flags: Flags) {
  const from = flags.text("from");
  const chown = flags.text("chown");
  const chmod = flags.text("chmod");
  return {
    ...(from === undefined ? {} : { from }),
    ...(chown === undefined ? {} : { chown }),
    ...(chmod === undefined ? {} : { chmod }),
    exclude: flags.list("exclude"),
  };
}

function inlineFile(node: Node, word: string): InlineFile[] {
  const announced = parseHeredoc(word);
  if (!announced) return [];
  const heredoc = node.heredocs.find((candidate) => candidate.name === announced.name);
  if (!heredoc) return [];
  return [{ name: heredoc.name, content: heredocBody(heredoc), expand: heredoc.expand }];
}

function refuseRemote(node: Node, source: string, kind: "copy" | "add"): void {
  if (!/^(https?:\/\/|git@|git:\/\/|ssh:\/\/)|\.git(#.*)?$/.test(source)) return;
  if (!/^(https?|git|ssh):\/\/|^git@/.test(source)) return;
  const reason =
    kind === "copy"
      ? `source can't be a URL for COPY`
      : `ADD of a remote source is not supported yet: ${source}`;
  throw parseError(reason, node.place(source), "Fetch it before the build, or in a RUN step.");
}
