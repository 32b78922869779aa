import { parseError } from "../error.ts";
import { heredocBody, type Node, parseHeredoc } from "../parser/index.ts";
import { readFlags } from "./flags.ts";
import { parseRunMount } from "./mounts.ts";
import type { Command, CommandInstruction, InlineFile, RunInstruction } from "./types.ts";

/** CMD, ENTRYPOINT and the command of HEALTHCHECK. */
export function commandOf(node: Node, args: readonly string[] = node.args): Command {
  return node.json ? { form: "exec", args } : { form: "shell", text: args[0] ?? "" };
}

export function parseCommandInstruction(node: Node, kind: "cmd" | "entrypoint"): CommandInstruction {
  readFlags(node, {});
  if (kind === "entrypoint" && node.args.length === 0 && !node.json) throw needsArgument(node);
  return { kind, node, command: commandOf(node) };
}

export function parseRun(node: Node): RunInstruction {
  const flags = readFlags(node, { mount: "list", network: "text", security: "text", device: "refused" });
  if (node.args.length === 0) throw needsArgument(node);
  const security = flags.text("security") ?? "sandbox";
  if (security !== "sandbox") {
    throw parseError(
      `security mode ${JSON.stringify(security)} is not supported yet`,
      node.place("--security"),
    );
  }
  return {
    kind: "run",
    node,
    ...commandAndScript(node),
    mounts: flags.list("mount").map((text) => parseRunMount(node, text)),
    network: networkOf(node, flags.text("network") ?? "default"),
  };
}

function networkOf(node: Node, value: string): RunInstruction["network"] {
  if (value === "default" || value === "none" || value === "host") return value;
  throw parseError(`invalid network mode: ${value}`, node.place("--network"), "Use default, none or host.");
}

/**
 * A lone heredoc is the shell's text itself, or a script of its own when it starts with `#!`. Any other heredoc is
 * left to the shell.
 */
function commandAndScript(node: Node): { command: Command; script?: InlineFile } {
  const [first] = node.heredocs;
  const text = node.args[0] ?? "";
  if (!first) return { command: commandOf(node) };
  if (!parseHeredoc(text)) {
    const bodies = node.heredocs.map((heredoc) => `\n${heredoc.content}${heredoc.name}`);
    return { command: { form: "shell", text: text + bodies.join("") } };
  }
  const content = heredocBody(first);
  if (!content.startsWith("#!")) return { command: { form: "shell", text: content } };
  const script = { name: first.name.replaceAll("/", "_"), content, expand: false };
  return { command: { form: "shell", text: `/dev/pipes/${script.name}` }, script };
}

function needsArgument(node: Node) {
  return parseError(`${node.name.toUpperCase()} requires at least one argument`, node.place());
}
